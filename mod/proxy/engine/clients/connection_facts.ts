/** What is true of a client's connection, found out at its first request and kept. */
import type { Address } from "../../../base/address.ts";
import type { Exchange } from "../../../conn/exchange.ts";
import { ClientBody } from "./client_body.ts";
import { ClientIdentity } from "./client_identity.ts";
import type { Field } from "../fields/field_rules.ts";
import type { ExchangeRecord } from "../exchange_record.ts";
import type { RoutedRequest } from "../routed_request.ts";
import type { Claim, RealIp } from "./real_ip.ts";
import type { RequestId } from "./request_id.ts";

/** Answers an exchange with another resource of its host. */
export interface Redirector {
  redispatch(x: Exchange, request: RoutedRequest, target: string, keepsMethod: boolean): void;
  errorDocument(x: Exchange, url: string, status: number, fields: readonly Field[]): void;
}

export class ConnectionFacts {
  readonly id: number;
  readonly redirector: Redirector;
  /** Of the request under way. */
  readonly body: ClientBody;
  /** Who is connected. */
  readonly peer: ClientIdentity;
  /** Whom the request under way comes from: the peer, or who it names where it is trusted. */
  client: ClientIdentity;
  /** What the peer says of its client counts (`real-ip`). */
  isTrusted = false;
  /** Says which claims about the client are not passed on; null: all are (`real-ip`). */
  censor: RealIp | null = null;
  /** The name of the request under way; null: it has none. */
  requestId: RequestId | null = null;
  /** Made at the first request that gets a name. */
  spareRequestId: RequestId | null = null;
  lastClaim: Claim | null = null;
  /** What the access logs are told about the exchange under way; null without a log. */
  record: ExchangeRecord | null = null;
  /** Made at the first request that is logged. */
  spareRecord: ExchangeRecord | null = null;

  /** Status of the error whose document is being answered with; 0: none. */
  errorStatus = 0;
  /** What the error itself says, for its document's answer. */
  errorFields: readonly Field[] = [];
  redispatchCount = 0;
  /** The client's Accept-Encoding where responses may be compressed, else "". */
  acceptEncoding = "";
  /** Host of the request, kept where an error document may need it. */
  authority = "";

  /** `id` counts connections. */
  constructor(x: Exchange, scheme: "http" | "https", id: number, redirector: Redirector) {
    this.id = id;
    this.redirector = redirector;
    this.body = new ClientBody(x);
    this.peer = this.client = new ClientIdentity(x.peerAddress(), scheme);
  }

  /** IP literal of the client; "" on a unix socket. */
  get ip(): string {
    return this.client.ip;
  }

  /** Its bytes, for ip_hash. */
  get ipBytes(): Uint8Array {
    return this.client.ipBytes;
  }

  get port(): number {
    return this.client.port;
  }

  get scheme(): "http" | "https" {
    return this.client.scheme;
  }

  /** The name that the client is told; null: none. */
  get answeredId(): RequestId | null {
    return this.requestId !== null && this.requestId.isAnswered ? this.requestId : null;
  }

  get clientAddress(): Address {
    return this.client.address;
  }

  /** An earlier request has left traces that do not hold for one without `real-ip` and request id. */
  get isIdentified(): boolean {
    return this.client !== this.peer || this.isTrusted || this.censor !== null ||
      this.requestId !== null;
  }
}
