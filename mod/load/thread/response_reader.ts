/** Finds the end of one response in the bytes of its connection, in any split. */
import { Framing, type Method, type ResponseHead } from "../../http/mod.ts";
import { BodyDecoder, defaultLimits, Fault, parseResponseHead } from "../../http1/mod.ts";
import { isRepairable, repairHead } from "./head_repair.ts";
import type { ResponseTemplate } from "./response_template.ts";

const heldBytesFirst = 4096;

/** Receives a response's parts; `owner` is the reader's owner. */
export interface ResponseObserver<Owner> {
  takeHead(owner: Owner, head: ResponseHead): void;
  takeBody(owner: Owner, bytes: Uint8Array, start: number, end: number): void;
}

/** Shared parts that a reader uses while it reads: one head serves all connections of a thread. */
export interface ReadAid<Owner> {
  readonly head: ResponseHead;
  readonly observer: ResponseObserver<Owner> | null;
}

export class ResponseReader<Owner> {
  readonly owner: Owner;
  /** Bytes of the response have arrived. */
  hasBegun = false;
  /** The last `read` reached the response's end. */
  isComplete = false;
  status = 0;
  /** The connection can carry another exchange. */
  keepAlive = true;
  #inBody = false;
  /** The start of a head that is split over several reads. */
  #held: Uint8Array | null = null;
  #heldEnd = 0;
  /** The parser has rejected the head; it is repaired once complete. */
  #isRepaired = false;
  #decoder: BodyDecoder | null = null;

  constructor(owner: Owner) {
    this.owner = owner;
  }

  /** Ready for the next response. */
  reset(): void {
    this.hasBegun = false;
    this.isComplete = false;
    this.#inBody = false;
    this.#held = null;
    this.#isRepaired = false;
  }

  /** The response was recognised as a repetition of the last one. */
  takeTemplate(template: ResponseTemplate): void {
    this.status = template.status;
    this.keepAlive = template.keepAlive;
  }

  /**
   * Reads `[start, end)`, which is not empty, up to the end of the response. Returns the offset
   * after what was read, or a `Fault` (< 0).
   */
  read(
    aid: ReadAid<Owner>,
    bytes: Uint8Array,
    start: number,
    end: number,
    method: Method,
    template: ResponseTemplate | null,
  ): number {
    this.hasBegun = true;
    let at = start;
    while (!this.#inBody) {
      if (at === end) return end;
      const headEnd = this.#held === null
        ? this.#readHead(aid, bytes, at, end, method)
        : this.#readHeldHead(aid, bytes, at, end, method);
      if (headEnd < 0) return headEnd;
      if (headEnd === 0) return end;
      // Interim responses precede the final one; after 101 no HTTP follows.
      if (this.status >= 200 || this.status === 101) {
        this.#beginBody(aid.head, bytes, at, headEnd, end, template);
      }
      at = headEnd;
    }
    return this.#readBody(aid, bytes, at, end);
  }

  /** The peer has closed: true when that ends the response properly. */
  finishAtEof(): boolean {
    return this.#inBody && this.#decoder!.finishAtEof();
  }

  #readHead(
    aid: ReadAid<Owner>,
    bytes: Uint8Array,
    start: number,
    end: number,
    method: Method,
  ): number {
    const headEnd = this.#parse(aid, bytes, start, end, start, method);
    if (headEnd !== 0) return headEnd;
    this.#held = new Uint8Array(Math.max(heldBytesFirst, 2 * (end - start)));
    this.#held.set(bytes.subarray(start, end));
    this.#heldEnd = end - start;
    return 0;
  }

  /** Continues a head that started in an earlier read. */
  #readHeldHead(
    aid: ReadAid<Owner>,
    bytes: Uint8Array,
    start: number,
    end: number,
    method: Method,
  ): number {
    const before = this.#heldEnd;
    const total = before + end - start;
    let held = this.#held!;
    if (total > held.length) {
      held = new Uint8Array(2 * total);
      held.set(this.#held!.subarray(0, before));
      this.#held = held;
    }
    held.set(bytes.subarray(start, end), before);
    this.#heldEnd = total;
    const headEnd = this.#parse(aid, held, 0, total, before, method);
    if (headEnd <= 0) return headEnd;
    this.#held = null;
    return start + headEnd - before;
  }

  #parse(
    aid: ReadAid<Owner>,
    bytes: Uint8Array,
    start: number,
    end: number,
    lastEnd: number,
    method: Method,
  ): number {
    const { head, observer } = aid;
    // The parser cannot tell when a head that needs repair is complete.
    const seenEnd = this.#isRepaired ? start : lastEnd;
    let headEnd = parseResponseHead(head, bytes, start, end, defaultLimits, seenEnd, method);
    if (headEnd < 0 && isRepairable(headEnd)) {
      headEnd = this.#repair(head, bytes, start, end, method);
    }
    if (headEnd <= 0) return headEnd;
    this.#isRepaired = false;
    this.status = head.status;
    this.keepAlive = head.keepAlive && head.status !== 101;
    if (observer !== null) observer.takeHead(this.owner, head);
    return headEnd;
  }

  #repair(
    head: ResponseHead,
    bytes: Uint8Array,
    start: number,
    end: number,
    method: Method,
  ): number {
    const repaired = repairHead(bytes, start, end);
    this.#isRepaired = repaired === null;
    if (repaired === null) {
      return end - start < defaultLimits.headBytesMax ? 0 : Fault.headTooLong;
    }
    const { length } = repaired.bytes;
    const parsed = parseResponseHead(head, repaired.bytes, 0, length, defaultLimits, 0, method);
    return parsed <= 0 ? parsed || Fault.fieldValue : repaired.sentEnd;
  }

  #beginBody(
    head: ResponseHead,
    bytes: Uint8Array,
    start: number,
    headEnd: number,
    end: number,
    template: ResponseTemplate | null,
  ): void {
    const decoder = this.#decoder ??= new BodyDecoder();
    decoder.reset(head.framing, head.contentLength, defaultLimits);
    this.#inBody = true;
    const length = head.framing === Framing.none ? 0 : head.contentLength;
    const isShort = head.framing === Framing.none || head.framing === Framing.length;
    // A held head began in another buffer: `start` is not its beginning.
    if (template === null || this.status === 101 || !isShort || bytes !== head.bytes) return;
    if (headEnd + length <= end) {
      const totalBytes = headEnd + length - start;
      template.learn(bytes, start, headEnd, totalBytes, this.status, this.keepAlive);
    }
  }

  #readBody(aid: ReadAid<Owner>, bytes: Uint8Array, start: number, end: number): number {
    const decoder = this.#decoder!;
    const { observer } = aid;
    let at = start;
    while (at < end && !decoder.done) {
      at = decoder.step(bytes, at, end);
      if (at < 0) return at;
      if (observer !== null && decoder.dataEnd > decoder.dataStart) {
        observer.takeBody(this.owner, bytes, decoder.dataStart, decoder.dataEnd);
      }
    }
    this.isComplete = decoder.done;
    return at;
  }
}
