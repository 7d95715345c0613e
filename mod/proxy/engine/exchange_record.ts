/** What an access log is told about one exchange; kept only where a log wants it. */
import type { Exchange } from "../../conn/exchange.ts";
import { Method } from "../../http1/mod.ts";
import type { AccessLog, AccessRecord, ProxyBytes, Timing } from "../../log/mod.ts";
import type { ConnectionFacts } from "./connection_facts.ts";
import type { Route } from "./routes.ts";

/** One for each connection that is logged, filled again for each of its exchanges. */
export class ExchangeRecord implements AccessRecord {
  method = "";
  target = "";
  protocol = "";
  authority = "";
  hostName = "";
  requestBodyBytes = 0;
  receivedAtMs = 0;
  connectionId = 0;
  requestIndex = 0;
  logs: readonly AccessLog[] = [];
  status = 0;
  originalStatus = 0;
  responseBodyBytes = 0;
  responseHeadBytes = 0;
  error = "";
  #durationMs = 0;
  #startMs = 0;
  readonly #facts: ConnectionFacts;
  readonly #exchange: Exchange;
  readonly #requestFields = new Map<string, string>();

  constructor(x: Exchange, facts: ConnectionFacts) {
    this.#exchange = x;
    this.#facts = facts;
    this.connectionId = facts.id;
  }

  /** Takes in what the head says, while it is there. */
  begin(route: Route): void {
    const x = this.#exchange;
    const { head } = x;
    this.method = head.method === Method.get ? "GET" : head.methodText();
    this.target = head.targetText();
    this.protocol = head.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    this.authority = head.hostText();
    this.hostName = route.hostName;
    this.requestBodyBytes = Math.max(0, head.contentLength);
    this.receivedAtMs = Date.now();
    this.requestIndex = x.requestIndex;
    this.logs = route.logs;
    this.#startMs = x.startMs;
    if (this.#requestFields.size > 0) this.#requestFields.clear();
    for (const log of route.logs) {
      for (const name of log.format.requestFields) {
        const index = head.find(name);
        if (index >= 0) this.#requestFields.set(name, head.value(index));
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
