import { latin1, Method, RequestHead, ResponseHead } from "../../../mod/http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault, type MessageLimits, parseRequestHead, parseResponseHead } from "../../../mod/http1/mod.ts";

/** The result of reading a stream. `leftover` is empty after a fault: it must not be used. */
export interface Transcript {
  readonly reads: string[];
  readonly leftover: string;
}

const request = new RequestHead();
const response = new ResponseHead();

/** Bytes of the reader's buffer before and after the stream, to detect reads out of range. */
const margin = 16;
const lineFeed = 0x0a;

/**
 * Reads messages as a connection would, from a stream that arrives in pieces: `cuts` are the
 * offsets where one piece ends and the next begins. Head objects are shared between calls and
 * streams, as they are in production.
 */
class StreamReader {
  readonly reads: string[] = [];
  /** Method and target or status of each message, and the data in brackets. */
  readonly echoes: string[] = [];
  /** Offset of the first unconsumed byte. */
  at = margin;
  /** No further message can be read: a fault, or a message that ends the connection. */
  over = false;
  #head: RequestHead | ResponseHead;
  #decoder = new BodyDecoder();
  #lastEnd = margin;
  #inBody = false;
  #failed = false;
  #data = "";
  #line = "";
  #version = "";
  #keepAlive = false;

  constructor(readonly bytes: Uint8Array, readonly limits: MessageLimits, readonly method: Method | null) {
    this.#head = method === null ? request : response;
  }

  /** More has arrived: the stream is available up to `end`. */
  feed(end: number): void {
    while (!this.over) {
      if (!this.#inBody && !this.#readHead(end)) return;
      if (!this.#readBody(end)) return;
    }
  }

  /** The peer has closed. */
  finish(end: number): Transcript {
    if (this.over) return { reads: this.reads, leftover: this.#failed ? "" : this.#rest(end) };
    if (this.#inBody) {
      if (this.method !== null && this.#decoder.finishAtEof()) {
        this.#endMessage();
        return { reads: this.reads, leftover: "" };
      }
      this.reads.push("partial body");
      return { reads: this.reads, leftover: "" };
    }
    const leftover = this.#rest(end);
    if (leftover !== "") this.reads.push("partial head");
    return { reads: this.reads, leftover };
  }

  #rest(end: number): string {
    return latin1(this.bytes, this.at, end);
  }

  #readHead(end: number): boolean {
    if (this.at === end) return false;
    const headEnd = this.#parse(end);
    if (headEnd === 0) {
      this.#lastEnd = end;
      return false;
    }
    if (headEnd < 0) return this.#fail(headEnd);
    if (headEnd > end) throw new Error(`head end ${headEnd} is after the stream's end ${end}`);
    checkOffsets(this.#head, this.at, headEnd);
    this.at = headEnd;
    this.#line = this.#describe();
    this.#data = "";
    this.#inBody = true;
    this.#keepAlive = this.#head.keepAlive;
    this.#version = this.#head.minor === 0 ? " 1.0" : "";
    this.#decoder.reset(this.#head.framing, this.#head.contentLength, this.limits);
    return true;
  }

  #parse(end: number): number {
    const { bytes, at, limits } = this;
    return this.#head instanceof RequestHead
      ? parseRequestHead(this.#head, bytes, at, end, limits, Math.max(this.#lastEnd, at))
      : parseResponseHead(this.#head, bytes, at, end, limits, Math.max(this.#lastEnd, at), this.method!);
  }

  #describe(): string {
    const head = this.#head;
    if (head instanceof ResponseHead) return `${head.status}`;
    return `${head.methodText()} ${head.targetText()}`;
  }

  #readBody(end: number): boolean {
    const decoder = this.#decoder;
    while (!decoder.done) {
      if (this.at === end) return false;
      const next = decoder.step(this.bytes, this.at, end);
      if (next < 0) return this.#fail(next);
      if (next > end || next <= this.at) throw new Error(`step from ${this.at} to ${next} of ${end}`);
      if (decoder.dataStart < this.at || decoder.dataEnd > next || decoder.dataStart > decoder.dataEnd) {
        throw new Error(`data ${decoder.dataStart}-${decoder.dataEnd} is outside ${this.at}-${next}`);
      }
      this.#data += latin1(this.bytes, decoder.dataStart, decoder.dataEnd);
      this.at = next;
    }
    this.#endMessage();
    return true;
  }

  #endMessage(): void {
    const decoder = this.#decoder;
    if (decoder.dataBytes !== this.#data.length) {
      throw new Error(`decoder counts ${decoder.dataBytes} bytes of data, ${this.#data.length} came`);
    }
    const data = this.#data === "" ? "" : ` [${this.#data}]`;
    this.echoes.push(this.#line + data);
    let text = this.#line + this.#version + data;
    for (const { name, value } of decoder.trailers) text += ` {${name}: ${value}}`;
    this.reads.push(this.#keepAlive ? text : `${text} close`);
    this.over = !this.#keepAlive;
    this.#inBody = false;
    this.#lastEnd = this.at;
  }

  #fail(code: number): boolean {
    this.reads.push(`fault ${describeFault(code).name}`);
    this.over = this.#failed = true;
    return false;
  }
}

function checkOffsets(head: RequestHead | ResponseHead, start: number, end: number): void {
  let last = start;
  const inOrder = (offset: number) => {
    if (offset < last || offset > end) throw new Error(`offset ${offset} is not in ${last}-${end}`);
    last = offset;
  };
  if (head instanceof RequestHead) {
    for (const offset of [head.methodStart, head.methodEnd, head.targetStart, head.targetEnd]) {
      inOrder(offset);
    }
  } else {
    inOrder(head.reasonStart);
    inOrder(head.reasonEnd);
  }
  for (let i = 0; i < 4 * head.fieldCount; i++) inOrder(head.fields[i]);
}

/**
 * Reads `stream` in pieces that end at `cuts` (ascending offsets). `method` null: requests;
 * otherwise responses to requests of that method, the last of which the end of the stream may end.
 *
 * A codec may see a fault in a head that never ends only when the head has doubled, so a stream of
 * requests that ends in a partial head can be followed by `padding`, which changes no fault. Bytes that
 * have not arrived yet are `filler`: a codec that reads beyond the end sees them as the stream.
 */
export function readStream(
  stream: Uint8Array,
  cuts: Iterable<number>,
  method: Method | null,
  limits: MessageLimits = defaultLimits,
  padding = 0,
  filler = lineFeed,
): Transcript {
  const bytes = new Uint8Array(stream.length + padding + 2 * margin).fill(filler);
  const reader = new StreamReader(bytes, limits, method);
  let fed = 0;
  const feed = (to: number) => {
    if (to <= fed) return;
    bytes.set(stream.subarray(fed, to), margin + fed);
    fed = to;
    reader.feed(margin + to);
  };
  for (const cut of cuts) feed(cut);
  feed(stream.length);
  if (padding === 0 || reader.over) return reader.finish(margin + stream.length);
  bytes.fill(0x61, margin + stream.length, margin + stream.length + padding);
  reader.feed(margin + stream.length + padding);
  return reader.finish(margin + stream.length + padding);
}

/** The text of the echo of each request in `stream`. */
export function echoesOf(stream: Uint8Array): readonly string[] {
  const bytes = new Uint8Array(stream.length + 2 * margin).fill(lineFeed);
  bytes.set(stream, margin);
  const reader = new StreamReader(bytes, defaultLimits, null);
  reader.feed(margin + stream.length);
  return reader.echoes;
}
