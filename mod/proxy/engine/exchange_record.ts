/** What an access log is told about one exchange; made only where a log wants it. */
import type { Exchange } from "../../conn/exchange.ts";
import type { AccessLog, AccessRecord, ProxyBytes, Timing } from "../../log/mod.ts";
import type { ConnectionFacts } from "./connection_facts.ts";
import type { Route } from "./routes.ts";

export class ExchangeRecord implements AccessRecord {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly authority: string;
  readonly hostName: string;
  readonly requestBodyBytes: number;
  readonly receivedAtMs = Date.now();
  readonly connectionId: number;
  readonly requestIndex: number;
  readonly logs: readonly AccessLog[];
  status = 0;
  originalStatus = 0;
  responseBodyBytes = 0;
  responseHeadBytes = 0;
  error = "";
  #durationMs = 0;
  readonly #startMs: number;
  readonly #facts: ConnectionFacts;
  readonly #exchange: Exchange;
  readonly #requestFields = new Map<string, string>();

  constructor(x: Exchange, route: Route, facts: ConnectionFacts) {
    const { head } = x;
    this.method = head.methodText();
    this.target = head.targetText();
    this.protocol = `HTTP/1.${head.minor}`;
    this.authority = head.hostText();
    this.hostName = route.hostName;
    this.requestBodyBytes = Math.max(0, head.contentLength);
    this.connectionId = facts.id;
    this.requestIndex = x.requestIndex;
    this.logs = route.logs;
    this.#startMs = x.startMs;
    this.#facts = facts;
    this.#exchange = x;
    for (const log of route.logs) {
      for (const name of log.format.requestFields) {
        const value = head.field(name);
        if (value !== null) this.#requestFields.set(name, value);
      }
    }
  }

  /** Writes the lines; `nowMs` is the reactor's clock. */
  finish(status: number, error: string, nowMs: number): void {
    this.status = this.originalStatus = status;
    this.error = error;
    this.#durationMs = nowMs - this.#startMs;
    this.responseBodyBytes = this.#exchange.bodyBytesSent;
    this.responseHeadBytes = this.#exchange.headBytesSent;
    for (const log of this.logs) log.write(this);
  }

  remoteAddress(): string | null {
    return this.#facts.ip === "" ? null : this.#facts.ip;
  }

  remotePort(): number | null {
    return this.#facts.ip === "" ? null : this.#facts.port;
  }

  localAddress(): string | null {
    const address = this.#exchange.localAddress();
    return address.kind === "tcp" ? address.host : null;
  }

  localPort(): number | null {
    const address = this.#exchange.localAddress();
    return address.kind === "tcp" ? address.port : null;
  }

  requestField(name: string): string | null {
    return this.#requestFields.get(name) ?? null;
  }

  /** Responses are copied as bytes; their fields are not kept. */
  responseField(_name: string): string | null {
    return null;
  }

  originalResponseField(_name: string): string | null {
    return null;
  }

  variable(_name: string): string | null {
    return null;
  }

  timingMs(timing: Timing): number {
    return timing === "total" || timing === "request-total" ? this.#durationMs : -1;
  }

  proxyBytes(_what: ProxyBytes): number {
    return 0;
  }

  tls(_name: string): string | null {
    return null;
  }
}
