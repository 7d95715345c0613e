/** What the access logs need of one exchange; kept only for routes that are logged. */
import type { Address } from "../../../base/address.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Method, type ResponseHead } from "../../../http/mod.ts";
import {
  AccessHead,
  type AccessLog,
  type AccessNeed,
  type AccessRecord,
  AccessTimes,
  type ProxyBytes,
  type Timing,
  tlsText,
  type UpstreamFact,
} from "../../../log/mod.ts";
import type { TlsFacts } from "../../../net/reactor.ts";
import type { Peer } from "../../balance/peer.ts";
import type { Field } from "../fields/field_rules.ts";
import { UpstreamTrace } from "./upstream_trace.ts";

const noNames: readonly string[] = [];
const noNeeds: ReadonlySet<AccessNeed> = new Set();
const noVariables: ReadonlyMap<string, string> = new Map();

/** The client of an exchange, as logs show it. */
export interface RecordedClient {
  /** Number of its connection. */
  readonly id: number;
  /** IP literal; "" on a unix socket. */
  readonly ip: string;
  readonly port: number;
  readonly requestId: { text(): string } | null;
}

/** What logs show of a route. */
export interface RecordedRoute {
  readonly hostName: string;
  readonly logs: readonly AccessLog[];
  readonly settings: { readonly variables: ReadonlyMap<string, string> };
}

/** One record per logged connection, reused for each of its exchanges. */
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
  #variables: ReadonlyMap<string, string> = noVariables;
  /** The union of what all `logs` need. */
  #needs: ReadonlySet<AccessNeed> = noNeeds;
  #responseFields = noNames;
  #originalFields = noNames;
  status = 0;
  originalStatus = 0;
  responseBodyBytes = 0;
  responseHeadBytes = 0;
  error = "";
  /** Status sent for a request whose body broke the protocol; 0: none. */
  #refusedStatus = 0;
  readonly #times = new AccessTimes();
  readonly #upstream = new UpstreamTrace();
  readonly #client: RecordedClient;
  readonly #exchange: Exchange;
  readonly #requestFields = new Map<string, string>();
  readonly #head = new AccessHead();
  /** The response before the proxy changed it. Where nothing was changed, `#head` is the same. */
  readonly #originalHead = new AccessHead();
  #hasOriginal = false;
  #tls: TlsFacts | null = null;
  #local: Address | null = null;

  constructor(exchange: Exchange, client: RecordedClient) {
    this.#exchange = exchange;
    this.#client = client;
    this.connectionId = client.id;
  }

  /** Copies what is needed from the head while it is valid. */
  begin(route: RecordedRoute): void {
    const exchange = this.#exchange;
    const { head } = exchange;
    this.method = head.method === Method.get ? "GET" : head.methodText();
    this.target = head.targetText();
    this.protocol = exchange.protocol;
    this.authority = head.hostText();
    this.hostName = route.hostName;
    this.requestBodyBytes = 0;
    this.receivedAtMs = Date.now();
    this.requestIndex = exchange.requestIndex;
    this.#variables = route.settings.variables;
    if (this.logs !== route.logs) {
      this.logs = route.logs;
      this.#needs = needsOf(route.logs);
      this.#responseFields = namesOf(route.logs, "responseFields");
      this.#originalFields = namesOf(route.logs, "originalFields");
    }
    this.originalStatus = 0;
    this.error = "";
    this.#refusedStatus = 0;
    this.#hasOriginal = false;
    this.#times.begin(exchange.connection.openedMs, exchange);
    this.#upstream.reset();
    if (this.#requestFields.size > 0) this.#requestFields.clear();
    for (const log of route.logs) {
      for (const name of log.format.requestFields) {
        const index = head.find(name);
        if (index >= 0) this.#requestFields.set(name, head.value(index));
      }
    }
    this.#head.reset(this.#responseFields);
    // The socket may be closed by the time the line is written.
    if (this.#local === null && this.#needs.has("local")) {
      this.#local = exchange.connection.localAddress();
    }
    if (this.#tls === null && this.#needs.has("tls")) this.#tls = exchange.connection.tlsFacts();
  }

  /** Counts a part of the request's body. */
  bodyCame(byteCount: number): void {
    this.requestBodyBytes += byteCount;
  }

  bodyEnded(nowMs: number): void {
    this.#times.bodyEndMs = nowMs;
    this.#upstream.bodyEnded(nowMs);
  }

  /** The response head is being sent to the client. */
  responseBegan(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#times.responseMs = nowMs;
    this.#head.take(bytes, start, end);
  }

  /** Keeps an upstream's or handler's response before rules or an error document change it. */
  noteOriginal(status: number, fields: readonly Field[] | ResponseHead, error = ""): void {
    if (error !== "") this.error = error;
    if (this.#hasOriginal || !this.#needs.has("original")) return;
    this.#hasOriginal = true;
    this.originalStatus = status;
    this.#originalHead.reset(this.#originalFields);
    if (!("fieldCount" in fields)) return this.#originalHead.takeFields(fields);
    for (let i = 0; i < fields.fieldCount; i++) {
      this.#originalHead.takeFields([{ name: fields.name(i), value: fields.value(i) }]);
    }
  }

  /** An attempt at this peer begins. */
  upstreamChosen(group: string, peer: Peer, nowMs: number): void {
    this.#upstream.chosen(group, peer, nowMs);
  }

  /** The peer's response head has arrived. */
  upstreamAnswered(connection: UpstreamExchange, nowMs: number): void {
    this.#upstream.answered(connection, nowMs);
    if (this.#needs.has("upstreamTls")) this.#upstream.tls = connection.tlsFacts();
  }

  /** The peer's response has ended, completely or not. */
  upstreamEnded(connection: UpstreamExchange, nowMs: number): void {
    this.#upstream.ended(connection, nowMs);
  }

  /** Sets the status to log if the exchange ends without another response. */
  refuse(status: number): void {
    this.#refusedStatus = status;
  }

  /** Writes the lines; `nowMs` is the reactor's clock, `bodyBytes` the body bytes sent. */
  finish(
    status: number,
    error: string,
    nowMs: number,
    bodyBytes = this.#exchange.bodyBytesSent,
  ): void {
    this.status = this.#refusedStatus !== 0 && this.#exchange.status === 0
      ? this.#refusedStatus
      : status;
    if (!this.#hasOriginal) this.originalStatus = this.status;
    if (error !== "") this.error = error;
    this.#times.endMs = nowMs;
    this.responseBodyBytes = bodyBytes;
    this.responseHeadBytes = this.#exchange.headBytesSent;
    for (const log of this.logs) log.write(this);
    this.#upstream.reset();
  }

  requestId(): string | null {
    return this.#client.requestId?.text() ?? null;
  }

  remoteAddress(): string | null {
    return this.#client.ip === "" ? null : this.#client.ip;
  }

  remotePort(): number | null {
    return this.#client.ip === "" ? null : this.#client.port;
  }

  localAddress(): string | null {
    return this.#local?.kind === "tcp" ? this.#local.host : null;
  }

  localPort(): number | null {
    return this.#local?.kind === "tcp" ? this.#local.port : null;
  }

  requestField(name: string): string | null {
    return this.#requestFields.get(name) ?? null;
  }

  responseField(name: string): string | null {
    return this.#head.get(name);
  }

  originalResponseField(name: string): string | null {
    return this.#hasOriginal ? this.#originalHead.get(name) : this.#head.get(name);
  }

  variable(name: string): string | null {
    return this.#variables.get(name) ?? null;
  }

  timingMs(timing: Timing): number {
    return timing.startsWith("proxy.")
      ? this.#upstream.timingMs(timing, this.#times.receivedMs)
      : this.#times.of(timing);
  }

  proxyBytes(what: ProxyBytes): number {
    return this.#upstream.bytes(what);
  }

  tls(name: string): string | null {
    const facts = name.startsWith("proxy.") ? this.#upstream.tls : this.#tls;
    return facts === null ? null : tlsText(facts, name.replace(/^proxy\./, ""));
  }

  upstream(what: UpstreamFact): string | number | null {
    return this.#upstream.fact(what);
  }
}

function needsOf(logs: readonly AccessLog[]): ReadonlySet<AccessNeed> {
  return logs.length === 1
    ? logs[0].format.needs
    : new Set(logs.flatMap((log) => [...log.format.needs]));
}

function namesOf(
  logs: readonly AccessLog[],
  what: "responseFields" | "originalFields",
): readonly string[] {
  if (logs.length === 1) return logs[0].format[what];
  return [...new Set(logs.flatMap((log) => log.format[what]))];
}
