/** Space for copies of request heads, cheap enough for every request. */
import { HeadWriter } from "../../http/head_writer.ts";
import { FieldKind } from "../../http/message_head.ts";
import { RequestHead } from "../../http/request_head.ts";
import { HeadCopy } from "./head_copy.ts";

const chunkBytes = 65536;
const chunkMarks = 8192;
/** Up to this many bytes a loop is faster than the view that `set` needs. */
const loopBytesMax = 64;

const hostName = "host: ";

/** One byte after another in memory, with the host as a field, as HTTP/1 sends a head. */
class FlatHead {
  readonly head = new RequestHead(16);
  readonly #writer = new HeadWriter();

  /** Fills `head` with what `source` says, whose lines are anywhere in its buffer. */
  fill(source: RequestHead): RequestHead {
    const writer = this.#writer;
    const { head } = this;
    const { bytes, fields, fieldCount, hostStart, hostEnd } = source;
    writer.clear();
    writer.copy(bytes, source.methodStart, source.targetEnd);
    writer.lineEnd();
    const shift = -source.methodStart;
    head.method = source.method;
    head.methodStart = 0;
    head.methodEnd = source.methodEnd + shift;
    head.targetEnd = source.targetEnd + shift;
    head.pathStart = source.pathStart + shift;
    head.pathEnd = source.pathEnd + shift;
    // One more than the source may have: its host is no field when it came as `:authority`.
    if (head.fields.length < 4 * (fieldCount + 1)) head.fields = new Int32Array(8 * fieldCount);
    head.fieldCount = 0;
    head.hostStart = writer.length + hostName.length;
    head.hostEnd = head.hostStart + hostEnd - hostStart;
    this.#mark(hostName.length - 2, hostName.length, head.hostEnd - writer.length);
    writer.ascii(hostName);
    writer.copy(bytes, hostStart, hostEnd);
    writer.lineEnd();
    for (let i = 0; i < 4 * fieldCount; i += 4) {
      if (source.kinds[i >> 2] === FieldKind.host) continue;
      const start = fields[i];
      this.#mark(fields[i + 1] - start, fields[i + 2] - start, fields[i + 3] - start);
      writer.copy(bytes, start, fields[i + 3]);
      writer.lineEnd();
    }
    head.bytes = writer.bytes;
    return head;
  }

  /** The next line is a field with these offsets in it. */
  #mark(nameEnd: number, valueStart: number, valueEnd: number): void {
    const { head } = this;
    const { length } = this.#writer;
    const at = 4 * head.fieldCount++;
    head.fields[at] = length;
    head.fields[at + 1] = length + nameEnd;
    head.fields[at + 2] = length + valueStart;
    head.fields[at + 3] = length + valueEnd;
  }
}

/** Allocates space for copies. */
export class HeadArena {
  readonly #flat = new FlatHead();
  #chunk = new Uint8Array(chunkBytes);
  #used = 0;
  #marks = new Int32Array(chunkMarks);
  #marksUsed = 0;
  /** The last copy, with its head and that head's revision. */
  #last: HeadCopy | null = null;
  #head: RequestHead | null = null;
  #revision = 0;
  #isSecure = false;
  #authority: string | null = null;

  /**
   * Copies a head whose bytes are still valid; returns the last copy for the same head. `authority`:
   * the host, where it is not that of the head.
   */
  copy(head: RequestHead, isSecure = false, authority: string | null = null): HeadCopy {
    // Connections with and without TLS may send the same head.
    if (
      head !== this.#head || head.revision !== this.#revision || isSecure !== this.#isSecure ||
      authority !== this.#authority
    ) {
      // In HTTP/2 the lines of a head are not one after the other, and the request line is last.
      const isScattered = head.hostStart >= 0 && head.hostStart < head.methodStart;
      const source = isScattered ? this.#flat.fill(head) : head;
      this.#last = this.#copy(source, isSecure, authority);
      this.#head = head;
      this.#revision = head.revision;
      this.#isSecure = isSecure;
      this.#authority = authority;
    }
    return this.#last!;
  }

  #copy(head: RequestHead, isSecure: boolean, authority: string | null): HeadCopy {
    const { bytes, fieldCount, fields } = head;
    const from = head.methodStart;
    const to = fieldCount === 0 ? head.targetEnd : fields[4 * fieldCount - 1];
    const length = to - from;
    this.#makeRoom(length, 4 * fieldCount);
    const start = this.#used;
    const chunk = this.#chunk;
    if (length > loopBytesMax) chunk.set(bytes.subarray(from, to), start);
    else for (let i = 0; i < length; i++) chunk[start + i] = bytes[from + i];
    this.#used += length;
    const marks = this.#marks;
    const marksStart = this.#marksUsed;
    const shift = start - from;
    for (let i = 4 * fieldCount - 1; i >= 0; i--) marks[marksStart + i] = fields[i] + shift;
    this.#marksUsed += 4 * fieldCount;
    return new HeadCopy(
      head,
      { bytes: chunk, start, end: this.#used, marks, marksStart },
      isSecure,
      authority,
    );
  }

  /** The collector frees whole chunks. */
  #makeRoom(length: number, markCount: number): void {
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(chunkBytes, length));
      this.#used = 0;
    }
    if (this.#marksUsed + markCount > this.#marks.length) {
      this.#marks = new Int32Array(Math.max(chunkMarks, markCount));
      this.#marksUsed = 0;
    }
  }
}
