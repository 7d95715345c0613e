/** Sends the Response of a handler; constant bodies without a stream. */
import { writeUtf8 } from "../../base/utf8.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { Framing } from "../../http/message_head.ts";
import type { ChunkedMode } from "../plan/plan.ts";
import type { Call } from "./call.ts";
import {
  type Cork,
  type FieldList,
  StreamedBody,
  type StreamedBodyHost,
  type StreamedHead,
} from "./streamed_body.ts";
import { innerOf, type InnerResponse, staticBodyOf } from "./internals.ts";

/** Grows to the largest constant body, up to `keptBytesMax`. */
let textBuffer = new Uint8Array(16 << 10);
const keptBytesMax = 1 << 20;

export class ResponseWriter implements StreamedBodyHost {
  readonly chunked: ChunkedMode;
  readonly onFailure: (call: Call, error: unknown) => void;
  readonly onUnsent: (call: Call, error: unknown) => void;
  cork: Cork = { enter() {}, leave() {} };

  /**
   * `onFailure`: the body's stream failed, and the connection was cut. `onUnsent`: it failed before
   * anything was sent, so another response can be sent.
   */
  constructor(
    chunked: ChunkedMode,
    onFailure: (call: Call, error: unknown) => void,
    onUnsent: (call: Call, error: unknown) => void,
  ) {
    this.chunked = chunked;
    this.onFailure = onFailure;
    this.onUnsent = onUnsent;
  }

  /**
   * Sends `response`. Returns null when all of it has been written, else a promise for the end of its
   * stream, which never rejects. Throws when it cannot be sent, before any of it is.
   */
  send(call: Call, response: Response): Promise<void> | null {
    const { exchange } = call;
    if (exchange === null) return discard(response);
    const inner = innerOf(response);
    checkStatus(call, call.upgraded === null && inner !== null ? inner.status : response.status);
    if (inner === null || call.upgraded !== null) return this.#sendPublic(call, exchange, response);
    const constant = inner.body === null ? null : staticBodyOf(inner.body);
    if (inner.body !== null && constant === null) {
      return this.#sendStream(call, exchange, response, inner);
    }
    this.#sendConstant(call, exchange, inner, constant === null ? null : constant.body);
    return null;
  }

  #sendConstant(
    call: Call,
    exchange: Exchange,
    inner: InnerResponse,
    body: string | Uint8Array | null,
  ) {
    this.cork.enter();
    try {
      this.#writeConstant(exchange, inner, body);
    } finally {
      // Also after a field that cannot be written: a cork left in would block every connection.
      this.cork.leave();
    }
    call.finish();
  }

  #writeConstant(exchange: Exchange, inner: InnerResponse, body: string | Uint8Array | null): void {
    let bytes: Uint8Array | null = null;
    let length = 0;
    if (typeof body === "string") {
      length = encodeText(body);
      bytes = textBuffer;
    } else if (body !== null) {
      bytes = body;
      length = body.length;
    }
    const announced = this.#beginHead(
      exchange,
      inner.status,
      inner.statusMessage,
      inner.headerList,
    );
    if (bytes === null && exchange.isHead && announced >= 0) {
      exchange.endHead(Framing.none, announced);
    } else {exchange.endHead(
        bytes === null ? Framing.none : Framing.length,
        bytes === null ? -1 : length,
      );}
    if (bytes !== null && length > 0) exchange.writeBody(bytes, 0, length);
    exchange.endBody();
  }

  #sendStream(call: Call, exchange: Exchange, response: Response, inner: InnerResponse) {
    const { status, statusMessage: reason, headerList: fields } = inner;
    return this.#stream(call, exchange, response, { status, reason, fields });
  }

  #stream(call: Call, exchange: Exchange, response: Response, head: StreamedHead) {
    return new StreamedBody(call, exchange, streamOf(response), head, this).send();
  }

  /** For Response-like objects other than Deno's, and for upgrades. */
  #sendPublic(call: Call, exchange: Exchange, response: Response): Promise<void> | null {
    const fields = [...response.headers];
    if (call.upgraded !== null && response.status === 101) {
      return this.#switch(call, exchange, fields);
    }
    // A Response-like object may have any status; 1xx is never a final response (RFC 9110 15.2).
    if (response.status < 200) {
      throw new TypeError(
        `Cannot answer with status ${response.status}: use info.upgrade() for 101`,
      );
    }
    if (response.body === null) {
      const inner = { status: response.status, statusMessage: response.statusText, body: null };
      this.#sendConstant(call, exchange, { ...inner, headerList: fields }, null);
      return null;
    }
    const { status, statusText: reason } = response;
    return this.#stream(call, exchange, response, { status, reason, fields });
  }

  #switch(call: Call, exchange: Exchange, fields: FieldList): null {
    const head = exchange.beginHead(101);
    for (const [name, value] of fields) head.field(name, value);
    exchange.endHead(Framing.none);
    const { upgraded } = call;
    const taken = exchange.takeOver();
    const { place } = call;
    // It is taken until the socket closes.
    call.place = null;
    call.finish();
    upgraded?.(taken, place);
    return null;
  }

  beginStream(exchange: Exchange, { status, reason, fields }: StreamedHead): void {
    const announced = this.#beginHead(exchange, status, reason, fields);
    if (announced >= 0 && this.chunked !== "always") exchange.endHead(Framing.length, announced);
    else exchange.endHead(this.chunked === "never" ? Framing.eof : Framing.chunked);
  }

  /** Writes the status and the app's fields without framing; returns their Content-Length or -1. */
  #beginHead(exchange: Exchange, status: number, reason: string, fields: FieldList): number {
    let announced = -1;
    let ownCommon = false;
    for (const [name] of fields) if (isCommonField(name)) ownCommon = true;
    const writer = exchange.beginHead(status, reason === "" ? undefined : reason, !ownCommon);
    let hasDate = false;
    for (const [name, value] of fields) {
      switch (kindOf(name)) {
        case Kind.plain:
          writer.field(name, value);
          break;
        case Kind.type: {
          const line = typeLine(writer, name, value);
          if (line !== null) writer.copy(line, 0, line.length);
          break;
        }
        case Kind.length:
          if (/^\d{1,15}$/.test(value)) announced = Number(value);
          break;
        case Kind.connection:
          if (/\bclose\b/i.test(value)) exchange.closeAfterwards();
          break;
        case Kind.date:
          hasDate = true;
          writer.field(name, value);
          break;
        case Kind.dropped:
          break;
      }
    }
    // The handler set its own Server field; Date is still required (RFC 9110 section 6.6.1).
    if (ownCommon && !hasDate) writer.field("Date", new Date().toUTCString());
    return announced;
  }
}

/** Throws TypeError for a body that cannot be read. */
function streamOf(response: Response): ReadableStream<Uint8Array> {
  const { body } = response;
  if (response.bodyUsed || body === null) {
    throw new TypeError("Cannot answer: the body of the Response has already been used");
  }
  if (typeof body.getReader !== "function") {
    throw new TypeError("Cannot answer: the body of the Response is not a ReadableStream");
  }
  if (body.locked) {
    throw new TypeError("Cannot answer: the body of the Response is locked to a reader");
  }
  return body;
}

/** Rejects status 0 (`Response.error()`), and 101 without `info.upgrade()`. */
function checkStatus(call: Call, status: number): void {
  if (status >= 200 && status <= 599) return;
  if (status === 101 && call.upgraded !== null) return;
  throw new RangeError(`Cannot answer: the Response has the status ${status}`);
}

const Kind = { plain: 0, length: 1, connection: 2, date: 3, dropped: 4, type: 5 } as const;

/** Content-Type lines by value: an app has only a few, and every response has one. */
const typeLines = new Map<string, Uint8Array>();
const typeLinesMax = 64;

/** The line of a known value. null: a new value, which has been checked and written. */
function typeLine(writer: HeadWriter, name: string, value: string): Uint8Array | null {
  const known = typeLines.get(value);
  if (known !== undefined) return known;
  const start = writer.length;
  writer.field(name, value);
  if (typeLines.size < typeLinesMax) {
    typeLines.set(value, writer.bytes.slice(start, writer.length));
  }
  return null;
}

/** Switches on the length first, which decides nearly every name. */
function kindOf(name: string): number {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === "date" ? Kind.date : Kind.plain;
    case 10:
      switch (name.toLowerCase()) {
        case "connection":
          return Kind.connection;
        case "keep-alive":
          return Kind.dropped;
      }
      return Kind.plain;
    case 12:
      return name.toLowerCase() === "content-type" ? Kind.type : Kind.plain;
    case 14:
      return name.toLowerCase() === "content-length" ? Kind.length : Kind.plain;
    case 17:
      return name.toLowerCase() === "transfer-encoding" ? Kind.dropped : Kind.plain;
    default:
      return Kind.plain;
  }
}

function isCommonField(name: string): boolean {
  if (name.length === 4) return name.toLowerCase() === "date";
  return name.length === 6 && name.toLowerCase() === "server";
}

/** UTF-8 into `textBuffer`; returns the length. */
function encodeText(text: string): number {
  const { length } = text;
  // A huge buffer is not kept: the next response replaces it.
  if (3 * length > textBuffer.length || textBuffer.length > keptBytesMax) {
    textBuffer = new Uint8Array(Math.max(3 * length, 16 << 10));
  }
  return writeUtf8(text, textBuffer, 0);
}

/** The client was gone before the response was ready. */
function discard(response: Response): null {
  response.body?.cancel().catch(() => {
    // The stream's own failure no longer matters.
  });
  return null;
}
