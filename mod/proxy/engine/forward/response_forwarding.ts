/** The head sent to the client: the upstream's head without hop-by-hop fields. */
import type { Exchange, ResponseFraming } from "../../../conn/exchange/exchange.ts";
import {
  FieldKind,
  Framing,
  type HeadWriter,
  latin1Bytes,
  type ResponseHead,
} from "../../../http/mod.ts";
import { reasonPhrase } from "../../../http/mod.ts";
import { chooseEncoding, type Encoding, negotiatedFields } from "../responses/compression.ts";
import { FieldRuns } from "../fields/field_runs.ts";
import type { Field } from "../fields/field_rules.ts";
import { changeFields } from "../responses/changed_fields.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { documentFields } from "../responses/error_documents.ts";
import type { RequestId } from "../clients/request_id.ts";
import type { Route } from "../routes/routes.ts";
import type { ProxyRoute } from "./proxy_route.ts";
import type { ServerFields } from "../fields/server_fields.ts";
import { SpecialFields } from "../fields/special_fields.ts";
import type { Session } from "./sticky.ts";

const Special = { none: 0, server: 1, date: 2, location: 3, setCookie: 4 } as const;
type Special = typeof Special[keyof typeof Special];

const specialFields = new SpecialFields<Special>([
  ["server", Special.server],
  ["date", Special.date],
  ["location", Special.location],
  ["set-cookie", Special.setCookie],
], Special.none);

function isEndToEnd(head: ResponseHead, index: number): boolean {
  const kind = head.kinds[index];
  if (kind === FieldKind.contentLength || kind >= FieldKind.connection) return false;
  return !head.connectionNamesFields || !head.namedByConnection(index);
}

/**
 * Field lines of an interim response or a 101 for the client: without hop-by-hop fields and fields
 * that frame a message, which an interim response never has (RFC 9110 7.6.1, 8.6).
 */
export function interimLines(head: ResponseHead, server: ServerFields): string {
  let lines = "";
  for (let i = 0; i < head.fieldCount; i++) {
    if (!isEndToEnd(head, i) || head.kinds[i] === FieldKind.trailer) continue;
    if (specialFields.of(head, i) === Special.server && !server.preserves) continue;
    lines += `${head.name(i)}: ${head.value(i)}\r\n`;
  }
  return lines;
}

/** Standard reason phrases as bytes, filled on first use. */
const phrases: (Uint8Array | undefined)[] = new Array(1000);

/** The upstream's reason if it is not the standard one, otherwise undefined. */
function unusualReason(head: ResponseHead): string | undefined {
  const phrase = phrases[head.status] ??= latin1Bytes(reasonPhrase(head.status));
  const { bytes, reasonStart, reasonEnd } = head;
  if (reasonEnd === reasonStart) return undefined;
  if (reasonEnd - reasonStart === phrase.length) {
    let same = 0;
    while (same < phrase.length && bytes[reasonStart + same] === phrase[same]) same++;
    if (same === phrase.length) return undefined;
  }
  return head.reasonText();
}

/** What a response needs to know about the client. */
export interface ClientOrigin {
  /** `scheme://authority`, as the client addressed us. Called only to rewrite a Location. */
  originText(): string;
  /** The request ID, if it is sent to the client; otherwise null. */
  readonly answeredId: RequestId | null;
  /** The client's session with a peer; null without `sticky`. */
  readonly session: Session | null;
}

/**
 * Sends the head; the body can follow. Returns the encoding to compress the body with, or null.
 * `acceptEncoding` is the client's field; "" disables compression.
 */
export function forwardResponseHead(
  exchange: Exchange,
  origin: ClientOrigin,
  head: ResponseHead,
  route: Route,
  proxy: ProxyRoute,
  server: ServerFields,
  acceptEncoding: string,
): Encoding | null {
  // An error document keeps the error's status (error-doc), as in h2o.
  const { errorStatus } = exchange.keptContext as ConnectionFacts;
  const writer = errorStatus === 0
    ? exchange.beginHead(head.status, unusualReason(head), false)
    : exchange.beginHead(errorStatus, undefined, false);
  let encoding: Encoding | null = null;
  let sawDate: boolean;
  if (!route.changesResponses && errorStatus === 0) {
    lineSink.begin(writer);
    sawDate = forwardFields(lineSink, origin, head, proxy, server);
  } else {
    const text = new TextSink();
    sawDate = forwardFields(text, origin, head, proxy, server);
    encoding = writeRuledFields(writer, exchange, head, route, text.fields, acceptEncoding);
  }
  server.write(writer, !sawDate);
  origin.answeredId?.writeLine(writer);
  if (encoding !== null) {
    exchange.endHead(Framing.chunked);
    return exchange.isHead ? null : encoding;
  }
  // A body that ends with the upstream's connection is forwarded in chunks.
  const framing = head.framing === Framing.eof ? Framing.chunked : head.framing as ResponseFraming;
  exchange.endHead(framing, head.contentLength);
  return null;
}

/** Fields that are sent to the client even if the rest of the response is not. */
export function endToEndFields(head: ResponseHead, { answeredId, session }: ClientOrigin): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i < head.fieldCount; i++) {
    if (!isEndToEnd(head, i) || answeredId?.isField(head, i)) continue;
    const isCookie = session !== null && specialFields.of(head, i) === Special.setCookie;
    const value = isCookie ? session.responseCookie(head.value(i)) : head.value(i);
    if (value !== "") fields.push({ name: head.name(i), value });
  }
  const cookie = session === null ? "" : session.ownCookie(head.status);
  if (cookie !== "") fields.push({ name: "set-cookie", value: cookie });
  return fields;
}

/** Takes the fields of a forwarded response, as bytes or as text. */
interface FieldSink {
  /** Takes a field unchanged. */
  keep(head: ResponseHead, index: number): void;
  /** The fields of the head are through: those that `keep` has taken come before what follows. */
  flush(head: ResponseHead): void;
  add(name: string, value: string): void;
}

/** Copies adjacent lines together, into the head for the client. */
class LineSink implements FieldSink {
  readonly #runs = new FieldRuns();
  #writer: HeadWriter | null = null;

  begin(writer: HeadWriter): void {
    this.#writer = writer;
  }

  keep(head: ResponseHead, index: number): void {
    this.#runs.keep(this.#writer!, head, index);
  }

  flush(head: ResponseHead): void {
    this.#runs.flush(this.#writer!, head);
  }

  add(name: string, value: string): void {
    this.#writer!.field(name, value);
  }
}

/** Collects fields that rules and directives change afterwards. */
class TextSink implements FieldSink {
  readonly fields: Field[] = [];

  keep(head: ResponseHead, index: number): void {
    this.fields.push({ name: head.name(index), value: head.value(index) });
  }

  flush(): void {}

  add(name: string, value: string): void {
    this.fields.push({ name, value });
  }
}

/** Reused for each response. */
const lineSink = new LineSink();

/**
 * Decides which of the upstream's fields the client gets, and with what value. Returns whether Date
 * is among them.
 */
function forwardFields(
  sink: FieldSink,
  origin: ClientOrigin,
  head: ResponseHead,
  proxy: ProxyRoute,
  server: ServerFields,
): boolean {
  const { answeredId: id, session } = origin;
  let sawDate = false;
  let location = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (!isEndToEnd(head, i)) continue;
    if (id !== null && id.isField(head, i)) continue;
    const special = specialFields.of(head, i);
    if (special === Special.server && !server.preserves) continue;
    if (special === Special.date) sawDate = true;
    if (special === Special.location) {
      location = i;
    } else if (special === Special.setCookie && session !== null) {
      const value = session.responseCookie(head.value(i));
      if (value !== "") sink.add(head.name(i), value);
    } else {
      sink.keep(head, i);
    }
  }
  sink.flush(head);
  const cookie = session === null ? "" : session.ownCookie(head.status);
  if (cookie !== "") sink.add("set-cookie", cookie);
  if (location >= 0) {
    sink.add(head.name(location), rewriteLocation(origin, head.value(location), proxy));
  }
  return sawDate;
}

const absoluteHttp = /^http:\/\/([^/?#]*)([^?#]*)(.*)$/i;

/** Maps a Location below the upstream's URL to the client's view; others stay unchanged. */
export function rewriteLocation(origin: ClientOrigin, value: string, proxy: ProxyRoute): string {
  const match = absoluteHttp.exec(value);
  if (match === null) return value;
  const [, authority, path, rest] = match;
  const { hostPort, basePath, prefix } = proxy.rewrite;
  const hasPort = /:[0-9]+$/.test(authority);
  const wanted = (hasPort ? authority : `${authority}:80`).toLowerCase();
  if (wanted !== hostPort || !(path || "/").startsWith(basePath)) return value;
  return `${origin.originText()}${prefix}${(path || "/").slice(basePath.length)}${rest}`;
}

/** Changes the fields by rules and directives, and writes them. Returns the body's encoding. */
function writeRuledFields(
  writer: HeadWriter,
  exchange: Exchange,
  head: ResponseHead,
  route: Route,
  forwarded: readonly Field[],
  acceptEncoding: string,
): Encoding | null {
  const { compress, compressBytesMin } = route.settings;
  const facts = exchange.keptContext as ConnectionFacts;
  let fields = facts.errorStatus === 0 ? forwarded : documentFields(forwarded, facts);
  const status = facts.errorStatus || head.status;
  const encoding = compress === null || acceptEncoding === "" ? null : chooseEncoding(
    compress,
    compressBytesMin,
    acceptEncoding,
    status,
    head.contentLength,
    fields,
  );
  if (compress !== null) {
    fields = negotiatedFields(fields, encoding, compressBytesMin, status, head.contentLength);
  }
  for (const { name, value } of changeFields([...fields], status, route)) writer.field(name, value);
  return encoding;
}
