/** What the access logs need of one exchange; kept only for routes that are logged. */
import type { Address } from "../../../base/address.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Method, methodNames, type RequestHead, type ResponseHead } from "../../../http/mod.ts";
import {
  AccessHead,
  type AccessLog,
  type AccessNeed,
  type AccessRecord,
  AccessTimes,
  KeptText,
  type ProxyBytes,
  TextKeeper,
  type Timing,
  tlsText,
  type UpstreamFact,
  WallClock,
} from "../../../log/mod.ts";
import type { TlsFacts } from "../../../net/reactor.ts";
import type { Peer } from "../../balance/peer.ts";
import type { Field } from "../fields/field_rules.ts";
import { UpstreamTrace } from "./upstream_trace.ts";

const noNames: readonly string[] = [];
const noNeeds: ReadonlySet<AccessNeed> = new Set();
const noVariables: ReadonlyMap<string, string> = new Map();

const wallClock = new WallClock();

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
  protocol = "";
  hostName = "";
  requestBodyBytes = 0;
  receivedAtMs = 0;
  connectionId = 0;
  requestIndex = 0;
  logs: readonly AccessLog[] = [];
  #variables: ReadonlyMap<string, string> = noVariables;
  /** The union of what all `logs` need, and what of it is asked for each request. */
  #needs: ReadonlySet<AccessNeed> = noNeeds;
  #needsHost = false;
  #needsConnection = false;
  #needsOriginal = false;
  #needsUpstreamTls = false;
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
  readonly #texts = new TextKeeper();
  readonly target = new KeptText(this.#texts);
  readonly authority = new KeptText(this.#texts);
  #fieldNames: readonly string[] = noNames;
  /** Values of the fields of `#fieldNames`, as far as they are there. */
  readonly #fieldTexts: KeptText[] = [];
  readonly #hasField: boolean[] = [];
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
    this.method = head.method === Method.other ? head.methodText() : methodNames[head.method];
    this.protocol = exchange.protocol;
    this.hostName = route.hostName;
    this.requestBodyBytes = 0;
    this.receivedAtMs = wallClock.at(exchange.startMs);
    this.requestIndex = exchange.requestIndex;
    this.#variables = route.settings.variables;
    if (this.logs !== route.logs) this.#adopt(route.logs);
    this.#keepTexts(head);
    this.originalStatus = 0;
    this.error = "";
    this.#refusedStatus = 0;
    this.#hasOriginal = false;
    this.#times.begin(exchange.connection.openedMs, exchange);
    this.#upstream.reset();
    this.#head.reset(this.#responseFields);
    if (this.#needsConnection) this.#noteConnection(exchange);
  }

  /** The routes of a connection may have different logs. */
  #adopt(logs: readonly AccessLog[]): void {
    this.logs = logs;
    const needs = this.#needs = needsOf(logs);
    this.#needsHost = needs.has("host");
    this.#needsConnection = needs.has("local") || needs.has("tls");
    this.#needsOriginal = needs.has("original");
    this.#needsUpstreamTls = needs.has("upstreamTls");
    this.#responseFields = namesOf(logs, "responseFields");
    this.#originalFields = namesOf(logs, "originalFields");
    this.#fieldNames = namesOf(logs, "requestFields");
    while (this.#fieldTexts.length < this.#fieldNames.length) {
      this.#fieldTexts.push(new KeptText(this.#texts));
    }
  }

  #keepTexts(head: RequestHead): void {
    const texts = this.#texts;
    const words = head.words();
    texts.clear();
    texts.keep(this.target, words, head.targetStart, head.targetEnd);
    if (this.#needsHost) {
      const { hostStart, hostEnd } = head;
      texts.keep(this.authority, words, Math.max(hostStart, 0), Math.max(hostEnd, 0));
    }
    const names = this.#fieldNames;
    for (let i = 0; i < names.length; i++) {
      const index = head.find(names[i]);
      this.#hasField[i] = index >= 0;
      if (index < 0) continue;
      const { fields } = head;
      texts.keep(this.#fieldTexts[i], words, fields[4 * index + 2], fields[4 * index + 3]);
    }
  }

  /** The socket may be closed by the time the line is written. */
  #noteConnection({ connection }: Exchange): void {
    if (this.#needs.has("local")) this.#local ??= connection.localAddress();
    if (this.#needs.has("tls")) this.#tls ??= connection.tlsFacts();
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
    if (this.#hasOriginal || !this.#needsOriginal) return;
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
    if (this.#needsUpstreamTls) this.#upstream.tls = connection.tlsFacts();
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
    this.#upstream.release();
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

  requestField(name: string): KeptText | null {
    const index = this.#fieldNames.indexOf(name);
    return index >= 0 && this.#hasField[index] ? this.#fieldTexts[index] : null;
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
  what: "requestFields" | "responseFields" | "originalFields",
): readonly string[] {
  if (logs.length === 1) return logs[0].format[what];
  return [...new Set(logs.flatMap((log) => log.format[what]))];
}
