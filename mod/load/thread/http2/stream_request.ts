/** Requests as HTTP/2 sends them, made from the bytes that HTTP/1.1 would send. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { ByteWriter, HpackEncoder, LineCache } from "../../../http2/mod.ts";
import { Framing, type Method, RequestHead, TargetForm } from "../../../http/mod.ts";
import { BodyDecoder, describeFault, parseRequestHead } from "../../../http1/mod.ts";
import type { VaryingRequest } from "../../request/varying_request.ts";
import { ownRequestLimits } from "../../script/request_split.ts";

/** A request, ready to be sent on any connection. */
export interface StreamRequest {
  readonly method: Method;
  /** `:method`, `:scheme` and `:path`, coded without the dynamic table. */
  readonly target: Uint8Array;
  readonly fields: RequestFields;
  /** The body is `[bodyStart, bodyEnd)`; empty without one. */
  readonly bytes: Uint8Array;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** No request follows on its connection: it had `Connection: close`. */
  readonly closes: boolean;
  /** What varies in it; then `target`, `bytes` and the body are those of its last rendering. */
  readonly varying: VaryingRequest | null;
  readonly isHttps: boolean;
}

/** `:authority` and the field lines of requests; requests that share them share the object. */
export interface RequestFields {
  /** Number among those of the run; see `FieldBlocks`. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly authorityStart: number;
  readonly authorityEnd: number;
  readonly linesStart: number;
  readonly linesEnd: number;
}

const head = new RequestHead();
const decoder = new BodyDecoder();
const targetBlock = new ByteWriter();
const targetEncoder = new HpackEncoder(true, false, targetBlock, new LineCache());
const slash = Uint8Array.of(0x2f);

/** Reads requests to one target. */
export class StreamRequests {
  readonly #isHttps: boolean;
  #last: RequestFields | null = null;
  #fieldsCount = 0;

  constructor(isHttps: boolean) {
    this.#isHttps = isHttps;
  }

  /** The requests that end at `ends`. Throws `StartError` for one that HTTP/2 cannot express. */
  read(bytes: Uint8Array, ends: Int32Array): StreamRequest[] {
    // A script may return the same array with other contents.
    if (this.#last?.bytes === bytes) this.#last = null;
    const requests: StreamRequest[] = [];
    let start = 0;
    for (const end of ends) {
      requests.push(this.#readOne(bytes, start, end));
      start = end;
    }
    return requests;
  }

  #readOne(bytes: Uint8Array, start: number, end: number): StreamRequest {
    const headEnd = parseRequestHead(head, bytes, start, end, ownRequestLimits, start);
    if (headEnd <= 0) refuse(headEnd < 0 ? describeFault(headEnd).phrase : "incomplete head");
    if (head.targetForm === TargetForm.authority) refuse("CONNECT opens a tunnel");
    const isChunked = head.framing === Framing.chunked;
    const body = isChunked ? unchunked(bytes, headEnd, end) : bytes;
    return {
      method: head.method,
      target: this.#target(),
      fields: this.#fields(headEnd - 2),
      bytes: body,
      bodyStart: isChunked ? 0 : headEnd,
      bodyEnd: isChunked ? body.length : end,
      closes: !head.keepAlive,
      varying: null,
      isHttps: this.#isHttps,
    };
  }

  #target(): Uint8Array {
    const { bytes, methodStart, methodEnd } = head;
    const isWhole = head.targetForm === TargetForm.asterisk;
    const start = isWhole ? head.targetStart : head.pathStart;
    const end = isWhole ? head.targetEnd : head.pathEnd;
    const path = start === end ? slash : bytes;
    targetBlock.clear();
    targetEncoder.target(
      bytes,
      methodStart,
      methodEnd,
      this.#isHttps,
      path,
      start === end ? 0 : start,
      start === end ? 1 : end,
    );
    return targetBlock.bytes.slice(0, targetBlock.length);
  }

  #fields(linesEnd: number): RequestFields {
    const { bytes, targetEnd } = head;
    const linesStart = bytes.indexOf(0x0a, targetEnd) + 1;
    const authorityStart = Math.max(0, head.hostStart);
    const authorityEnd = head.hostStart < 0 ? 0 : head.hostEnd;
    const last = this.#last;
    if (
      last !== null &&
      equal(bytes, linesStart, linesEnd, last.bytes, last.linesStart, last.linesEnd) &&
      equal(
        bytes,
        authorityStart,
        authorityEnd,
        last.bytes,
        last.authorityStart,
        last.authorityEnd,
      )
    ) return last;
    return this.#last = {
      number: this.#fieldsCount++,
      bytes,
      authorityStart,
      authorityEnd,
      linesStart,
      linesEnd,
    };
  }
}

function unchunked(bytes: Uint8Array, start: number, end: number): Uint8Array {
  decoder.reset(Framing.chunked, -1, ownRequestLimits);
  const body = new ByteWriter();
  for (let at = start; at < end && !decoder.done;) {
    at = decoder.step(bytes, at, end);
    if (at < 0) refuse(describeFault(at).phrase);
    body.copy(bytes, decoder.dataStart, decoder.dataEnd);
  }
  return body.bytes.slice(0, body.length);
}

function equal(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

function refuse(why: string): never {
  throw new StartError(`the request cannot be sent over HTTP/2: ${why}`, exitCodes.failed);
}
