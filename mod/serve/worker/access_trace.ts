/** The access log record of one exchange. */
import type { Address } from "../../base/address.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { Method, methodNames, type RequestHead } from "../../http/mod.ts";
import {
  type AccessFormat,
  AccessHead,
  type AccessRecord,
  AccessTimes,
  KeptText,
  TextKeeper,
  type Timing,
  tlsText,
} from "../../log/mod.ts";
import type { Client } from "../clients/trusted_proxies.ts";
import type { TlsFacts } from "../../net/reactor.ts";

/** One per logged connection, reused for each of its exchanges. */
export class AccessTrace implements AccessRecord {
  /** True from the request head until the log line is written. */
  isUnderWay = false;
  method = "";
  protocol = "";
  readonly hostName = "";
  status = 0;
  originalStatus = 0;
  responseBodyBytes = 0;
  responseHeadBytes = 0;
  requestBodyBytes = 0;
  /** Status with which the request was refused in the middle of its body; 0: not refused. */
  refusedStatus = 0;
  receivedAtMs = 0;
  connectionId = 0;
  requestIndex = 0;
  error = "";
  readonly #texts = new TextKeeper();
  readonly target = new KeptText(this.#texts);
  readonly #ownAuthority = new KeptText(this.#texts);
  /** The Host field, or what a trusted proxy says of it. */
  authority: KeptText | string = this.#ownAuthority;
  /** The request fields of the format, and their values as far as they are there. */
  #fieldNames: readonly string[] = [];
  readonly #fieldTexts: KeptText[] = [];
  readonly #hasField: boolean[] = [];
  readonly #head = new AccessHead();
  readonly #times = new AccessTimes();
  #peer: Address | null = null;
  /** The peer, or the client of a trusted proxy. */
  #remote: Address | null = null;
  #local: Address | null = null;
  #tls: TlsFacts | null = null;

  /** Copies from the request head what the format uses. */
  begin(exchange: Exchange, format: AccessFormat, epochMs: number, client: Client | null): void {
    const { head } = exchange;
    this.isUnderWay = true;
    this.refusedStatus = 0;
    this.method = head.method === Method.other ? head.methodText() : methodNames[head.method];
    this.protocol = exchange.protocol;
    this.#keepTexts(head, format);
    this.receivedAtMs = epochMs;
    this.connectionId = exchange.serial;
    this.requestIndex = exchange.requestIndex;
    this.requestBodyBytes = 0;
    this.#times.begin(exchange.connection.openedMs, exchange);
    this.#head.reset(format.responseFields);
    // The socket may be closed by the time the line is written.
    this.#peer ??= exchange.connection.peerAddress();
    this.#remote = client === null ? this.#peer : client.address;
    this.authority = client?.host ?? this.#ownAuthority;
    if (format.needs.size > 0) this.#noteConnection(exchange, format);
  }

  #keepTexts(head: RequestHead, format: AccessFormat): void {
    const texts = this.#texts;
    const words = head.words();
    const names = this.#fieldNames = format.requestFields;
    texts.clear();
    texts.keep(this.target, words, head.targetStart, head.targetEnd);
    const { hostStart, hostEnd, fields } = head;
    texts.keep(this.#ownAuthority, words, Math.max(hostStart, 0), Math.max(hostEnd, 0));
    for (let i = 0; i < names.length; i++) {
      const index = head.find(names[i]);
      this.#hasField[i] = index >= 0;
      if (index < 0) continue;
      const text = this.#fieldTexts[i] ??= new KeptText(texts);
      texts.keep(text, words, fields[4 * index + 2], fields[4 * index + 3]);
    }
  }

  #noteConnection({ connection }: Exchange, { needs }: AccessFormat): void {
    if (needs.has("local")) this.#local ??= connection.localAddress();
    if (needs.has("tls")) this.#tls ??= connection.tlsFacts();
  }

  bodyEnded(nowMs: number): void {
    this.#times.bodyEndMs = nowMs;
  }

  /** The response head has been written. */
  responseBegan(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#times.responseMs = nowMs;
    this.#head.take(bytes, start, end);
  }

  end(exchange: Exchange, nowMs: number, error: string): void {
    this.isUnderWay = false;
    // 499 as in nginx: the client closed the connection before a response began.
    this.status = this.originalStatus = exchange.status || this.refusedStatus || 499;
    this.responseBodyBytes = exchange.bodyBytesSent;
    this.responseHeadBytes = exchange.headBytesSent;
    this.error = error;
    this.#times.endMs = nowMs;
  }

  /** Only the proxy has request IDs. */
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

  requestField(name: string): KeptText | null {
    const index = this.#fieldNames.indexOf(name);
    return index >= 0 && this.#hasField[index] ? this.#fieldTexts[index] : null;
  }

  responseField(name: string): string | null {
    return this.#head.get(name);
  }

  /** An app's response is sent unchanged, so both values are the same. */
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
