/** What an access log is told about one exchange. */
import type { Address } from "../base/address.ts";
import type { Exchange } from "../conn/exchange.ts";
import {
  type AccessFormat,
  AccessHead,
  type AccessRecord,
  AccessTimes,
  type Timing,
  tlsText,
} from "../log/mod.ts";
import type { TlsFacts } from "../net/reactor.ts";

/** One for each connection that is logged, filled again for each of its exchanges. */
export class AccessTrace implements AccessRecord {
  /** From the request's head to the line in the log. */
  isUnderWay = false;
  method = "";
  target = "";
  protocol = "";
  authority = "";
  readonly hostName = "";
  status = 0;
  originalStatus = 0;
  responseBodyBytes = 0;
  responseHeadBytes = 0;
  requestBodyBytes = 0;
  /** The request was refused in the middle of its body with this status; 0: it was not. */
  refusedStatus = 0;
  receivedAtMs = 0;
  connectionId = 0;
  requestIndex = 0;
  error = "";
  readonly #fields = new Map<string, string>();
  readonly #head = new AccessHead();
  readonly #times = new AccessTimes();
  #remote: Address | null = null;
  #local: Address | null = null;
  #tls: TlsFacts | null = null;

  /** Takes in what the request's head says, as far as the format mentions it. */
  begin(x: Exchange, format: AccessFormat, epochMs: number): void {
    const { head } = x;
    this.isUnderWay = true;
    this.refusedStatus = 0;
    this.method = head.methodText();
    this.target = head.targetText();
    this.protocol = `HTTP/1.${x.minor}`;
    this.authority = head.hostText();
    this.receivedAtMs = epochMs;
    this.connectionId = x.serial;
    this.requestIndex = x.requestIndex;
    this.requestBodyBytes = 0;
    this.#times.begin(x);
    this.#head.reset(format.responseFields);
    this.#remote = x.peerAddress();
    this.#local = x.localAddress();
    if (format.needs.has("tls")) this.#tls = x.tlsFacts();
    if (this.#fields.size > 0) this.#fields.clear();
    for (const name of format.requestFields) {
      const value = head.field(name);
      if (value !== null) this.#fields.set(name, value);
    }
  }

  bodyEnded(nowMs: number): void {
    this.#times.bodyEndMs = nowMs;
  }

  /** The response's head is on its way. */
  responseBegan(bytes: Uint8Array, headBytes: number, nowMs: number): void {
    this.#times.responseMs = nowMs;
    this.#head.take(bytes, headBytes);
  }

  end(x: Exchange, nowMs: number, error: string): void {
    this.isUnderWay = false;
    // nginx: 499 where the client has left before a response began.
    this.status = this.originalStatus = x.status || this.refusedStatus || 499;
    this.responseBodyBytes = x.bodyBytesSent;
    this.responseHeadBytes = x.headBytesSent;
    this.error = error;
    this.#times.endMs = nowMs;
  }

  /** Only the proxy gives names. */
  requestId(): string | null {
    return null;
  }

  remoteAddress(): string | null {
    return this.#remote?.kind === "tcp" ? this.#remote.host : null;
  }

  remotePort(): number | null {
    return this.#remote?.kind === "tcp" ? this.#remote.port : null;
  }

  localAddress(): string | null {
    return this.#local?.kind === "tcp" ? this.#local.host : null;
  }

  localPort(): number | null {
    return this.#local?.kind === "tcp" ? this.#local.port : null;
  }

  requestField(name: string): string | null {
    return this.#fields.get(name) ?? null;
  }

  responseField(name: string): string | null {
    return this.#head.get(name);
  }

  /** Nothing changes a response of an app on its way. */
  originalResponseField(name: string): string | null {
    return this.#head.get(name);
  }

  variable(): null {
    return null;
  }

  timingMs(timing: Timing): number {
    return this.#times.of(timing);
  }

  proxyBytes(): number {
    return 0;
  }

  tls(name: string): string | null {
    return this.#tls === null ? null : tlsText(this.#tls, name);
  }

  upstream(): null {
    return null;
  }
}
