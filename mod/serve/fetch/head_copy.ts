/** Copies of request heads that outlive the codec's buffer, cheap enough for every request. */
import { FieldKind } from "../../http/message_head.ts";
import { latin1 } from "../../http/latin1.ts";
import { methodNames } from "../../http/method.ts";
import { HeadWriter } from "../../http/head_writer.ts";
import { RequestHead } from "../../http/request_head.ts";

const chunkBytes = 65536;
/** Up to this many bytes a loop is faster than the view that `set` needs. */
const loopBytesMax = 64;

/** One head's bytes in a chunk shared with other heads; the collector frees whole chunks. */
export class HeadCopy {
  readonly #bytes: Uint8Array;
  readonly #method: number;
  readonly #start: number;
  readonly #methodEnd: number;
  readonly #pathStart: number;
  readonly #pathEnd: number;
  readonly #hostStart: number;
  readonly #hostEnd: number;
  readonly #fieldsStart: number;
  readonly #end: number;
  readonly #scheme: "http" | "https";
  #url: string | null = null;

  /** `bytes` holds the head, beginning with its method, from `start` to `end`. */
  constructor(
    head: RequestHead,
    bytes: Uint8Array,
    start: number,
    end: number,
    isSecure: boolean,
  ) {
    this.#scheme = isSecure ? "https" : "http";
    const shift = start - head.methodStart;
    this.#bytes = bytes;
    this.#method = head.method;
    this.#start = start;
    this.#methodEnd = head.methodEnd + shift;
    this.#pathStart = head.pathStart + shift;
    this.#pathEnd = head.pathEnd + shift;
    this.#hostStart = head.hostStart < 0 ? end : head.hostStart + shift;
    this.#hostEnd = head.hostStart < 0 ? end : head.hostEnd + shift;
    this.#fieldsStart = head.fieldCount === 0 ? end : head.fields[0] + shift;
    this.#end = end;
  }

  get method(): string {
    return methodNames[this.#method] || latin1(this.#bytes, this.#start, this.#methodEnd);
  }

  /** Path and query, beginning with "/"; other forms such as "*" as they were sent. */
  get target(): string {
    const text = latin1(this.#bytes, this.#pathStart, this.#pathEnd);
    return text === "" || text[0] === "?" ? "/" + text : text;
  }

  /** Value of the Host field; "" without one. */
  get host(): string {
    return latin1(this.#bytes, this.#hostStart, this.#hostEnd);
  }

  /** The URL of the request. */
  get url(): string {
    return this.#url ??= makeUrl(this.#scheme, this.target, this.host);
  }

  /** Every field line in order, names in lower case as in the Fetch standard. */
  pairs(): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    const text = latin1(this.#bytes, this.#fieldsStart, this.#end);
    for (const line of text.split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      pairs.push([line.slice(0, colon).toLowerCase(), trimBlanks(line.slice(colon + 1))]);
    }
    return pairs;
  }
}

function makeUrl(scheme: string, target: string, host: string): string {
  const path = target[0] === "/" ? target : "/" + target;
  const url = `${scheme}://${host === "" ? "localhost" : host}${path}`;
  // Characters that must be escaped, or dot segments: rare, and normalised as the native Request does.
  return /[^\x21-\x7e]|["<>`{}\\^|]|\/\.\.?(?:[/?]|$)/.test(url) ? new URL(url).href : url;
}

/** Removes only the spaces and tabs that HTTP allows around a value. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** One byte after another in memory, with the host as a field, as HTTP/1 sends a head. */
class FlatHead {
  readonly head = new RequestHead(1);
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
    head.fields[0] = writer.length;
    writer.ascii("host: ");
    head.hostStart = writer.length;
    writer.copy(bytes, hostStart, hostEnd);
    head.hostEnd = writer.length;
    writer.lineEnd();
    for (let i = 0; i < fieldCount; i++) {
      if (source.kinds[i] === FieldKind.host) continue;
      writer.copy(bytes, fields[4 * i], fields[4 * i + 3]);
      writer.lineEnd();
    }
    head.fieldCount = 1;
    head.fields[3] = writer.length - 2;
    head.bytes = writer.bytes;
    return head;
  }
}

/** Allocates space for copies. */
export class HeadArena {
  readonly #flat = new FlatHead();
  #chunk = new Uint8Array(chunkBytes);
  #used = 0;
  /** The last copy, with its head and that head's revision. */
  #last: HeadCopy | null = null;
  #head: RequestHead | null = null;
  #revision = 0;
  #isSecure = false;

  /** Copies a head whose bytes are still valid; returns the last copy for the same head. */
  copy(head: RequestHead, isSecure = false): HeadCopy {
    // Connections with and without TLS may send the same head.
    if (
      head !== this.#head || head.revision !== this.#revision || isSecure !== this.#isSecure
    ) {
      // In HTTP/2 the lines of a head are not one after the other, and the request line is last.
      const isScattered = head.hostStart >= 0 && head.hostStart < head.methodStart;
      this.#last = this.#copy(isScattered ? this.#flat.fill(head) : head, isSecure);
      this.#head = head;
      this.#revision = head.revision;
      this.#isSecure = isSecure;
    }
    return this.#last!;
  }

  #copy(head: RequestHead, isSecure: boolean): HeadCopy {
    const { bytes, fields, fieldCount } = head;
    const from = head.methodStart;
    const to = fieldCount === 0 ? head.targetEnd : fields[4 * fieldCount - 1];
    const length = to - from;
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(chunkBytes, length));
      this.#used = 0;
    }
    const start = this.#used;
    const chunk = this.#chunk;
    if (length > loopBytesMax) chunk.set(bytes.subarray(from, to), start);
    else for (let i = 0; i < length; i++) chunk[start + i] = bytes[from + i];
    this.#used += length;
    return new HeadCopy(head, chunk, start, start + length, isSecure);
  }
}
