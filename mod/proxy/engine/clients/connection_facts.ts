/** Facts about a client connection, determined at its first request and kept. */
import type { CertificateChoice } from "./certificate_guard.ts";
import type { Address } from "../../../base/address.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { ClientBody } from "./client_body.ts";
import { ClientIdentity } from "./client_identity.ts";
import type { Field } from "../fields/field_rules.ts";
import type { ExchangeRecord, RecordedClient } from "../records/exchange_record.ts";
import type { RoutedRequest } from "./routed_request.ts";
import type { Claim, ClientSlot, RealIp } from "./real_ip.ts";
import type { RequestId, RequestIdSlot } from "./request_id.ts";

/** Answers an exchange with another resource of its host. */
export interface Redirector {
  redispatch(
    exchange: Exchange,
    request: RoutedRequest,
    target: string,
    keepsMethod: boolean,
  ): void;
  errorDocument(exchange: Exchange, url: string, status: number, fields: readonly Field[]): void;
}

export class ConnectionFacts implements ClientSlot, RequestIdSlot, RecordedClient {
  readonly id: number;
  readonly redirector: Redirector;
  /** Body of the current request. */
  readonly body: ClientBody;
  /** Where hosts of the listener have different certificates; else null. */
  certificate: CertificateChoice | null = null;
  /** The other end of the connection. */
  readonly peer: ClientIdentity;
  /**
   * Client of the current request: `peer`, or the client that a trusted proxy names.
   */
  client: ClientIdentity;
  /** `peer` is a trusted proxy (`real-ip`). */
  isTrusted = false;
  /** Decides which fields about the client are dropped; null: none are (`real-ip`). */
  untrustedFields: RealIp | null = null;
  /** ID of the current request; null: none. */
  requestId: RequestId | null = null;
  /** Created at the first request that gets an ID. */
  spareRequestId: RequestId | null = null;
  lastClaim: Claim | null = null;
  /** Access-log record of the current exchange; null without a log. */
  record: ExchangeRecord | null = null;
  /** Created at the first request that is logged. */
  spareRecord: ExchangeRecord | null = null;

  /** Status of the error that is being answered with a document; 0: none. */
  errorStatus = 0;
  /** Fields of the error response that are sent with its document. */
  errorFields: readonly Field[] = [];
  redispatchCount = 0;
  /** The current request is a gRPC call: it gets failures as a gRPC status. */
  isGrpc = false;
  /** The client's Accept-Encoding where responses may be compressed, otherwise "". */
  acceptEncoding = "";
  /** Host of the request, kept where an error document may need it. */
  authority = "";

  /** `id` numbers the connections. */
  constructor(exchange: Exchange, scheme: "http" | "https", id: number, redirector: Redirector) {
    this.id = id;
    this.redirector = redirector;
    this.body = new ClientBody(exchange);
    this.peer = this.client = new ClientIdentity(exchange.connection.peerAddress(), scheme);
  }

  /** IP literal of the client; "" on a unix socket. */
  get ip(): string {
    return this.client.ip;
  }

  /** Bytes of the IP, for ip_hash. */
  get ipBytes(): Uint8Array {
    return this.client.ipBytes;
  }

  get port(): number {
    return this.client.port;
  }

  get scheme(): "http" | "https" {
    return this.client.scheme;
  }

  /** The request ID to send in the response; null: none. */
  get answeredId(): RequestId | null {
    return this.requestId !== null && this.requestId.isAnswered ? this.requestId : null;
  }

  get clientAddress(): Address {
    return this.client.address;
  }

  /** An earlier request left values to reset for a route without `real-ip` and request ID. */
  get isIdentified(): boolean {
    return this.client !== this.peer || this.isTrusted || this.untrustedFields !== null ||
      this.requestId !== null;
  }
}
