/** What an access log is told about one exchange. */
import type { Address } from "../base/address.ts";
import type { Exchange } from "../conn/exchange.ts";
import type { AccessRecord, Timing } from "../log/mod.ts";

/** Filled when the head arrives, read when the response is complete. */
export class AccessTrace implements AccessRecord {
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
  receivedAtMs = 0;
  connectionId = 0;
  requestIndex = 0;
  error = "";
  #fields: Record<string, string | null> = {};
  #remote: Address | null = null;
  #local: Address | null = null;
  #startMs = 0;
  #bodyEndMs = -1;
  #responseStartMs = -1;
  #endMs = 0;

  /** `names`: the request fields that the format mentions, in lower case. */
  begin(x: Exchange, names: readonly string[], epochMs: number): void {
    const { head } = x;
    this.method = head.methodText();
    this.target = head.targetText();
    this.protocol = `HTTP/1.${x.minor}`;
    this.authority = head.hostText();
    this.receivedAtMs = epochMs;
    this.connectionId = x.serial;
    this.requestIndex = x.requestIndex;
    this.#startMs = x.startMs;
    this.#remote = x.peerAddress();
    this.#local = x.localAddress();
    for (const name of names) this.#fields[name] = head.field(name);
  }

  bodyEnded(nowMs: number): void {
    this.#bodyEndMs = nowMs;
  }

  /** The handler has begun to answer; told late when it answers later than its call returns. */
  responseBegan(nowMs: number): void {
    if (this.#responseStartMs < 0) this.#responseStartMs = nowMs;
  }

  end(x: Exchange, nowMs: number, error: string): void {
    this.status = this.originalStatus = x.status;
    this.responseBodyBytes = x.bodyBytesSent;
    this.responseHeadBytes = x.headBytesSent;
    this.error = error;
    this.#endMs = nowMs;
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
    return this.#fields[name] ?? null;
  }

  /** Not kept: the response is on its way before anybody could ask. */
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
    switch (timing) {
      case "request-header":
        return 0;
      case "request-body":
        return this.#bodyEndMs < 0 ? 0 : this.#bodyEndMs - this.#startMs;
      case "request-total":
        return this.#bodyEndMs < 0 ? 0 : this.#bodyEndMs - this.#startMs;
      case "process":
        return (this.#responseStartMs < 0 ? this.#endMs : this.#responseStartMs) - this.#startMs;
      case "response":
        return this.#responseStartMs < 0 ? 0 : this.#endMs - this.#responseStartMs;
      case "total":
        return this.#endMs - this.#startMs;
      default:
        return -1;
    }
  }

  proxyBytes(): number {
    return 0;
  }

  tls(): null {
    return null;
  }
}
