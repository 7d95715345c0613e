/** The access log record of a request refused before it reached a handler. */
import { reasonPhrase } from "../../http/status.ts";
import { type AccessRecord, type Timing, tlsText } from "../../log/mod.ts";
import type { RefusedRequest } from "./exchange.ts";

/** `GET /path HTTP/1.1`, with any characters for the parts. */
const requestLine = /^([^ ]+) ([^ ]+) (HTTP\/\d\.\d)$/;

export class RefusedRecord implements AccessRecord {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly rawLine: string;
  readonly authority = "";
  readonly hostName = "";
  readonly status: number;
  readonly originalStatus: number;
  readonly responseBodyBytes: number;
  readonly responseHeadBytes = 0;
  readonly requestBodyBytes = 0;
  readonly receivedAtMs = Date.now();
  readonly connectionId: number;
  readonly requestIndex: number;
  readonly error: string;
  readonly #request: RefusedRequest;
  readonly #nowMs: number;

  /** Made before `status` is sent because of `error`. `nowMs`: the reactor's. */
  constructor(
    request: RefusedRequest,
    connectionId: number,
    status: number,
    error: string,
    nowMs: number,
  ) {
    this.#request = request;
    this.#nowMs = nowMs;
    this.rawLine = request.refusedLine;
    const match = requestLine.exec(this.rawLine);
    this.method = match?.[1] ?? "";
    this.target = match?.[2] ?? "";
    this.protocol = match?.[3] ?? "";
    this.status = this.originalStatus = status;
    this.responseBodyBytes = `${status} ${reasonPhrase(status)}\n`.length;
    this.connectionId = connectionId;
    this.requestIndex = request.requestIndex + 1;
    this.error = error;
  }

  requestId(): null {
    return null;
  }

  remoteAddress(): string | null {
    const address = this.#request.connection.peerAddress();
    return address.kind === "tcp" ? address.host : null;
  }

  remotePort(): number | null {
    const address = this.#request.connection.peerAddress();
    return address.kind === "tcp" ? address.port : null;
  }

  localAddress(): string | null {
    const address = this.#request.connection.localAddress();
    return address.kind === "tcp" ? address.host : null;
  }

  localPort(): number | null {
    const address = this.#request.connection.localAddress();
    return address.kind === "tcp" ? address.port : null;
  }

  requestField(): null {
    return null;
  }

  responseField(): null {
    return null;
  }

  originalResponseField(): null {
    return null;
  }

  variable(): null {
    return null;
  }

  timingMs(timing: Timing): number {
    return timing === "total" ? this.#nowMs - this.#request.refusedSinceMs : -1;
  }

  proxyBytes(): number {
    return 0;
  }

  tls(name: string): string | null {
    const facts = this.#request.connection.tlsFacts();
    return facts === null ? null : tlsText(facts, name);
  }

  upstream(): null {
    return null;
  }
}
