/**
 * The program's own code inside the executable. What `deno compile` embeds is copied into the memory
 * of every process, and V8 reads its text at each start. Here a process reads only the modules that
 * it runs, and takes over what V8 has compiled of them when the program was built.
 *
 *     ELF file of the runtime | "codepack" | length of what follows, 8 bytes |
 *     lengths of two tables, 2 x 4 bytes | groups | chunks | texts and caches | what else is attached
 *
 * A chunk is a file of the bundle, as a property of an object literal whose value is a function. A
 * group has the chunks that one role loads at its start, by the name of the role; or those that come
 * with an `import()` later on, without the role's: a part, by the name of the chunk that is imported.
 * V8's cache belongs to the whole group. Chunks with the same groups lie side by side, so that a group
 * is read in a few pieces.
 */
import { elfEnd, elfHeadBytes, readAt, readInto, startsWith } from "./executable_file.ts";

const mark = new TextEncoder().encode("codepack");
const headBytes = mark.length + 8;
const lengthsBytes = 2 * 4;

/** Offset from the first text, and length; both in bytes. */
export type Piece = readonly [offset: number, length: number];

/** What is loaded at once. */
export interface GroupPlace {
  readonly texts: readonly Piece[];
  /** What V8 has compiled; null: nothing. */
  readonly cache: Piece | null;
}

/** The parts of a pack before it is written. */
export interface CodePack {
  readonly groups: Readonly<Record<string, GroupPlace>>;
  readonly chunks: Readonly<Record<string, Piece>>;
  readonly body: Uint8Array;
}

/** What lies between two texts, so that they are properties of one object. */
export const separator = ",\n";

/** Around the texts of a script, whose value is an object of functions, by the names of the chunks. */
const frame = [`(function(){"use strict";return{\n`, `}})()`] as const;
const frameBytes = frame.map((each) => new TextEncoder().encode(each));

/** The script of some texts. */
export function scriptOf(texts: string): string {
  return frame[0] + texts + frame[1];
}

/** A pack as it lies in the executable. */
export function encodePack({ groups, chunks, body }: CodePack): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const tables = [groups, chunks].map((table) => encoder.encode(JSON.stringify(table)));
  const length = lengthsBytes + tables[0].length + tables[1].length + body.length;
  const all = new Uint8Array(headBytes + length);
  const view = new DataView(all.buffer);
  all.set(mark);
  view.setBigUint64(mark.length, BigInt(length), true);
  view.setUint32(headBytes, tables[0].length, true);
  view.setUint32(headBytes + 4, tables[1].length, true);
  all.set(tables[0], headBytes + lengthsBytes);
  all.set(tables[1], headBytes + lengthsBytes + tables[0].length);
  all.set(body, all.length - body.length);
  return all;
}

/** Where the runtime and its code end in the executable `file`: what is attached begins there. */
export function codeEnd(file: Deno.FsFile): number {
  const end = elfEnd(readAt(file, 0, elfHeadBytes));
  const head = readAt(file, end, headBytes);
  return startsWith(head, mark) ? end + headBytes + packBytes(head) : end;
}

function packBytes(head: Uint8Array<ArrayBuffer>): number {
  return Number(new DataView(head.buffer).getBigUint64(mark.length, true));
}

/** The code in an executable. It keeps the file open, which its owner may not be able to open later. */
export class PackReader {
  readonly groups: Readonly<Record<string, GroupPlace>>;
  /** Where the pack ends. */
  readonly end: number;
  readonly #file: Deno.FsFile;
  readonly #chunksStart: number;
  readonly #bodyStart: number;
  #chunks: Readonly<Record<string, Piece>> | null = null;

  private constructor(file: Deno.FsFile, start: number, head: Uint8Array<ArrayBuffer>) {
    const tablesStart = start + headBytes + lengthsBytes;
    const view = new DataView(head.buffer);
    const groupsBytes = view.getUint32(headBytes, true);
    this.#file = file;
    this.#chunksStart = tablesStart + groupsBytes;
    this.#bodyStart = this.#chunksStart + view.getUint32(headBytes + 4, true);
    this.end = start + headBytes + packBytes(head);
    this.groups = parse(readAt(file, tablesStart, groupsBytes));
  }

  /** null: the executable at `path` has no code of its own. Throws Deno's errors. */
  static open(path: string): PackReader | null {
    const file = Deno.openSync(path);
    const start = elfEnd(readAt(file, 0, elfHeadBytes));
    const head = readAt(file, start, headBytes + lengthsBytes);
    if (startsWith(head, mark)) return new PackReader(file, start, head);
    file.close();
    return null;
  }

  /** The script of one chunk; null: there is none of that name. */
  scriptOfChunk(name: string): string | null {
    this.#chunks ??= parse<Record<string, Piece>>(
      readAt(this.#file, this.#chunksStart, this.#bodyStart - this.#chunksStart),
    );
    return Object.hasOwn(this.#chunks, name) ? this.script([this.#chunks[name]]) : null;
  }

  /**
   * The script of some pieces. All of it is decoded at once: V8 would keep each text that it is put
   * together from, until it collects old garbage.
   */
  script(pieces: readonly Piece[]): string {
    const [front, back] = frameBytes;
    const textBytes = pieces.reduce((sum, [, length]) => sum + length, 0);
    const bytes = new Uint8Array(front.length + textBytes + back.length);
    bytes.set(front);
    let at = front.length;
    for (const [offset, length] of pieces) {
      readInto(this.#file, this.#bodyStart + offset, bytes.subarray(at, at + length));
      at += length;
    }
    bytes.set(back, at);
    const script = new TextDecoder().decode(bytes);
    release(bytes);
    return script;
  }

  bytes([offset, length]: Piece): Uint8Array<ArrayBuffer> {
    return readAt(this.#file, this.#bodyStart + offset, length);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Where the texts lie in the executable; the caches follow them. */
  get textsRange(): readonly [start: number, end: number] {
    const caches = Object.values(this.groups).map(({ cache }) => cache).filter((each) =>
      each !== null
    );
    const first = Math.min(this.end - this.#bodyStart, ...caches.map(([offset]) => offset));
    return [this.#bodyStart, this.#bodyStart + first];
  }

  /** What is attached behind the code. */
  bytesBehind(length: number): Uint8Array {
    return readAt(this.#file, this.end, length);
  }
}

/** Gives the memory of `bytes` back now; the garbage collector would do it much later. */
export function release(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.buffer.transfer(0);
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes));
}
