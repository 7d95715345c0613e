/** Sends a Response of a handler on the wire; constants without any stream. */
import type { Exchange } from "../../conn/exchange.ts";
import type { HeadWriter } from "../../http1/head_writer.ts";
import { latin1Bytes } from "../../http1/latin1.ts";
import { Framing } from "../../http1/message_head.ts";
import type { ChunkedMode } from "../plan.ts";
import type { Call } from "./call.ts";
import { innerOf, type InnerResponse, staticBodyOf } from "./internals.ts";

/** The header list of a Response, names in any case. */
type FieldList = readonly (readonly [name: string, value: string])[];

/** Joins the writes of one answer to one send(2), wherever it comes from. */
export interface Cork {
  enter(): void;
  leave(): void;
}

const encoder = new TextEncoder();
/** Grows to the largest constant body up to `keptBytesMax`. */
let textBuffer = new Uint8Array(16 << 10);
const keptBytesMax = 1 << 20;

export class ResponseWriter {
  readonly chunked: ChunkedMode;
  readonly #onFailure: (call: Call, error: unknown) => void;
  readonly #onUnsent: (call: Call, error: unknown) => void;
  cork: Cork = { enter() {}, leave() {} };

  /**
   * `onFailure`: a body's stream failed, and the connection was cut. `onUnsent`: it failed before
   * anything was sent, so another answer is owed.
   */
  constructor(
    chunked: ChunkedMode,
    onFailure: (call: Call, error: unknown) => void,
    onUnsent: (call: Call, error: unknown) => void,
  ) {
    this.chunked = chunked;
    this.#onFailure = onFailure;
    this.#onUnsent = onUnsent;
  }

  /**
   * Sends `response`. Returns null when all of it has been handed over, else a promise for the end of
   * its stream, which never rejects. Throws when it cannot be sent; nothing has been then.
   */
  send(call: Call, response: Response): Promise<void> | null {
    const x = call.exchange;
    if (x === null) return discard(response);
    const inner = innerOf(response);
    checkStatus(call, call.upgraded === null && inner !== null ? inner.status : response.status);
    if (inner === null || call.upgraded !== null) return this.#sendPublic(call, x, response);
    const constant = inner.body === null ? null : staticBodyOf(inner.body);
    if (inner.body !== null && constant === null) return this.#sendStream(call, x, response, inner);
    this.#sendConstant(call, x, inner, constant === null ? null : constant.body);
    return null;
  }

  #sendConstant(call: Call, x: Exchange, inner: InnerResponse, body: string | Uint8Array | null) {
    this.cork.enter();
    try {
      this.#writeConstant(x, inner, body);
    } finally {
      // Also when a field cannot be written: a cork left in would hold back every connection.
      this.cork.leave();
    }
    call.finish();
  }

  #writeConstant(x: Exchange, inner: InnerResponse, body: string | Uint8Array | null): void {
    let bytes: Uint8Array | null = null;
    let length = 0;
    if (typeof body === "string") {
      length = encodeText(body);
      bytes = textBuffer;
    } else if (body !== null) {
      bytes = body;
      length = body.length;
    }
    const announced = this.#beginHead(x, inner.status, inner.statusMessage, inner.headerList);
    if (bytes === null && x.isHead && announced >= 0) x.endHead(Framing.none, announced);
    else x.endHead(bytes === null ? Framing.none : Framing.length, bytes === null ? -1 : length);
    if (bytes !== null && length > 0) x.writeBody(bytes, 0, length);
    x.endBody();
  }

  #sendStream(call: Call, x: Exchange, response: Response, inner: InnerResponse) {
    const reader = readerOf(response);
    return this.#stream(call, x, reader, inner.status, inner.statusMessage, inner.headerList);
  }

  /** For objects that are like a Response without being Deno's, and for upgrades. */
  #sendPublic(call: Call, x: Exchange, response: Response): Promise<void> | null {
    const fields = [...response.headers];
    if (call.upgraded !== null && response.status === 101) return this.#switch(call, x, fields);
    // An object like a Response may carry any status; 1xx is never a final answer (RFC 9110 15.2).
    if (response.status < 200) {
      throw new TypeError(`Cannot answer with status ${response.status}: info.upgrade() gives 101`);
    }
    if (response.body === null) {
      const inner = { status: response.status, statusMessage: response.statusText, body: null };
      this.#sendConstant(call, x, { ...inner, headerList: fields }, null);
      return null;
    }
    const reader = readerOf(response);
    return this.#stream(call, x, reader, response.status, response.statusText, fields);
  }

  #switch(call: Call, x: Exchange, fields: FieldList): null {
    const head = x.beginHead(101);
    for (const [name, value] of fields) head.field(name, value);
    x.endHead(Framing.none);
    const { upgraded } = call;
    const taken = x.takeOver();
    call.finish();
    upgraded?.(taken);
    return null;
  }

  #beginStream(x: Exchange, status: number, reason: string, fields: FieldList): void {
    const announced = this.#beginHead(x, status, reason, fields);
    if (announced >= 0 && this.chunked !== "always") x.endHead(Framing.length, announced);
    else x.endHead(this.chunked === "never" ? Framing.eof : Framing.chunked);
  }

  /** Writes status and fields without those that are ours; returns the announced length or -1. */
  #beginHead(x: Exchange, status: number, reason: string, fields: FieldList): number {
    let announced = -1;
    let ownCommon = false;
    for (const [name] of fields) if (isCommonField(name)) ownCommon = true;
    const writer = x.beginHead(status, reason === "" ? undefined : reason, !ownCommon);
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
          if (/\bclose\b/i.test(value)) x.closeAfterwards();
          break;
        case Kind.date:
          hasDate = true;
          writer.field(name, value);
          break;
        case Kind.dropped:
          break;
      }
    }
    // The handler set Server itself: Date is owed all the same (RFC 9110 section 6.6.1).
    if (ownCommon && !hasDate) writer.field("Date", new Date().toUTCString());
    return announced;
  }

  /** Sends head and body; a body that has failed by now is no answer at all. */
  async #stream(
    call: Call,
    x: Exchange,
    reader: Reader,
    status: number,
    reason: string,
    fields: FieldList,
  ): Promise<void> {
    const { serial } = x;
    try {
      const first = x.isHead ? null : reader.read();
      let failure: { readonly error: unknown } | null = null;
      first?.catch((error) => void (failure = { error }));
      // A stream that has failed already says so within these turns.
      await null;
      await null;
      if (failure !== null) throw (failure as { error: unknown }).error;
      if (call.exchange !== null && x.serial === serial) {
        this.#beginStream(x, status, reason, fields);
        if (first === null) {
          // The answer to a HEAD is complete; its body might never end.
          reader.cancel("the request was HEAD").catch(ignored);
          return this.#endStream(call, x);
        }
      }
      await this.#pump(call, x, reader, first!);
    } catch (error) {
      // Nothing is sent, and nobody will read the rest.
      reader.cancel(error).catch(ignored);
      this.#onUnsent(call, error);
    }
  }

  async #pump(call: Call, x: Exchange, reader: Reader, first: ReadResult): Promise<void> {
    const { serial } = x;
    // A quiet stream hears of it at once, and need not wait for its next piece.
    call.cancelStream = (reason) => reader.cancel(reason).catch(ignored);
    try {
      for (let next: ReadResult | null = first;; next = null) {
        const { done, value } = await (next ?? reader.read());
        if (call.exchange === null || x.serial !== serial) {
          await reader.cancel("the client is gone");
          return;
        }
        if (done) return this.#endStream(call, x);
        if (!(value instanceof Uint8Array)) {
          throw new TypeError("Cannot send a body: its stream gave something else than bytes");
        }
        if (value.length > 0 && !x.writeBody(value, 0, value.length)) await call.drained();
      }
    } catch (error) {
      const cut = call.exchange !== null && x.serial === serial;
      call.abort(error instanceof Error ? error : new Error(String(error)));
      if (!cut) return;
      // Head and a part of the body are out: only a cut tells the client that it is not the whole.
      x.abort();
      reader.cancel(error).catch(ignored);
      this.#onFailure(call, error);
    }
  }

  #endStream(call: Call, x: Exchange): void {
    const { trailers } = call;
    if (trailers === null) x.endBody();
    else x.endBodyWithTrailers(fieldLines(trailers));
    call.finish();
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type ReadResult = ReturnType<Reader["read"]>;

/** The stream's own failure interests nobody any more. */
function ignored(): void {}

/** Throws TypeError for a body that cannot be read. */
function readerOf(response: Response): Reader {
  const { body } = response;
  if (response.bodyUsed || body === null) {
    throw new TypeError("Cannot answer: the body of the Response has already been used");
  }
  if (typeof body.getReader !== "function") {
    throw new TypeError("Cannot answer: the body of the Response is no ReadableStream");
  }
  if (body.locked) {
    throw new TypeError("Cannot answer: the body of the Response is locked to a reader");
  }
  return body.getReader();
}

/** `Response.error()` has status 0, and 101 is for `info.upgrade()`. */
function checkStatus(call: Call, status: number): void {
  if (status >= 200 && status <= 599) return;
  if (status === 101 && call.upgraded !== null) return;
  throw new RangeError(`Cannot answer: the Response has the status ${status}`);
}

const Kind = { plain: 0, length: 1, connection: 2, date: 3, dropped: 4, type: 5 } as const;

/** Lines of Content-Type by value: an app has a handful, and every answer has one. */
const typeLines = new Map<string, Uint8Array>();
const typeLinesMax = 64;

/** The line of a known value; null: it has just been written, checked, for the first time. */
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

/** By length first: nearly every name is decided by that. */
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
  // A huge one is not kept: the next answer makes room of its own size again.
  if (3 * length > textBuffer.length || textBuffer.length > keptBytesMax) {
    textBuffer = new Uint8Array(Math.max(3 * length, 16 << 10));
  }
  if (length <= 64) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      textBuffer[i] = code;
    }
    if (i === length) return length;
  }
  return encoder.encodeInto(text, textBuffer).written;
}

function fieldLines(fields: Headers): Uint8Array {
  let text = "";
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return latin1Bytes(text);
}

/** The client has gone before the answer was there. */
function discard(response: Response): null {
  response.body?.cancel().catch(() => {
    // The stream's own failure interests nobody any more.
  });
  return null;
}
