/** What is true of a client's connection, found out at its first request and kept. */
import { parseIp } from "../../base/ip.ts";
import type { Exchange } from "../../conn/exchange.ts";
import { latin1Bytes } from "../../http1/mod.ts";
import type { ExchangeRecord } from "./exchange_record.ts";

/** Answers an exchange with another resource of its host. */
export interface Redirector {
  redispatch(x: Exchange, target: string): void;
  errorDocument(x: Exchange, url: string, status: number): void;
}

export class ConnectionFacts {
  /** IP literal of the client; "" on a unix socket. */
  readonly ip: string;
  /** Its bytes, for ip_hash. */
  readonly ipBytes: Uint8Array;
  readonly port: number;
  /** `x-forwarded-proto` and `x-forwarded-for` lines for a request that has none. */
  readonly forwardedLines: Uint8Array;
  /** The proto line alone, for a request that has an x-forwarded-for to be continued. */
  readonly protoLine: Uint8Array;
  /** What the access logs are told about the exchange under way; null without a log. */
  record: ExchangeRecord | null = null;
  /** Made at the first request that is logged. */
  spareRecord: ExchangeRecord | null = null;

  /** Status of the error whose document is being answered with; 0: none. */
  errorStatus = 0;
  redispatchCount = 0;
  /** The client's Accept-Encoding where responses may be compressed, else "". */
  acceptEncoding = "";
  /** Host of the request, kept where an error document may need it. */
  authority = "";

  /** `id` counts connections. */
  constructor(
    x: Exchange,
    readonly scheme: "http" | "https",
    readonly id: number,
    readonly redirector: Redirector,
  ) {
    const address = x.peerAddress();
    this.ip = address.kind === "tcp" ? address.host : "";
    this.port = address.kind === "tcp" ? address.port : 0;
    this.ipBytes = parseIp(this.ip) ?? new Uint8Array(0);
    const proto = `x-forwarded-proto: ${scheme}\r\n`;
    this.protoLine = latin1Bytes(proto);
    const forwarded = this.ip === "" ? "" : `x-forwarded-for: ${this.ip}\r\n`;
    this.forwardedLines = latin1Bytes(proto + forwarded);
  }
}
