/** Bytes of a request body that are kept: in memory first, then in a file without a name. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { openMemoryFile } from "../../../sys/memory_file.ts";

/** Bytes that are read back from the file at a time. */
const pieceBytes = 65_536;
const memoryBytesMin = 1024;

/** A file as the store uses it; `Deno.FsFile` is one. */
export interface StoreFile {
  seekSync(offset: number, whence: Deno.SeekMode): number;
  writeSync(bytes: Uint8Array): number;
  readSync(bytes: Uint8Array): number | null;
  close(): void;
}

/** Opens an empty file that nobody else sees, in a folder or where temporary files go. */
export type OpenFile = (folder: string | null) => StoreFile;

/**
 * The name goes at once: whatever ends the process, the disk has its room back. Where no folder was named and
 * temporary files cannot be made (a read-only container), the file is one in memory.
 */
export const openUnnamed: OpenFile = (folder) => {
  try {
    return openInFolder(folder);
  } catch (error) {
    const memory = folder === null ? openMemoryFile("hayate-body") : null;
    if (memory === null) throw error;
    try {
      return Deno.openSync(memory.path, { read: true, write: true });
    } finally {
      memory.close();
    }
  }
};

function openInFolder(folder: string | null): StoreFile {
  const path = Deno.makeTempFileSync({
    prefix: "hayate-body-",
    ...(folder === null ? {} : { dir: folder }),
  });
  try {
    return Deno.openSync(path, { read: true, write: true });
  } finally {
    Deno.removeSync(path);
  }
}

/** Throws `StartError` when no body could be kept in the folder: better now than at the first large one. */
export function checkFolder(folder: string | null, upstream: string): void {
  try {
    openUnnamed(folder).close();
  } catch (error) {
    const where = folder ?? "the folder of temporary files";
    throw new StartError(
      `request_buffer of ${upstream}: cannot write to ${where}: ${(error as Error).message}`,
      exitCodes.config,
    );
  }
}

/**
 * File calls are synchronous: at most 64 KB at a time, and mostly to the page cache, which is
 * quicker than a way to another thread and back. Their errors are thrown.
 */
export class BodyStore {
  length = 0;
  /** Where `read` has put what it found. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  #memory: Uint8Array = new Uint8Array(0);
  #memoryLength = 0;
  #file: StoreFile | null = null;
  readonly #open: OpenFile;

  constructor(open: OpenFile = openUnnamed) {
    this.#open = open;
  }

  /** Appends, in memory up to `memoryBytesMax`, behind it in a file. */
  append(
    source: Uint8Array,
    start: number,
    end: number,
    memoryBytesMax: number,
    folder: string | null,
  ): void {
    const isInMemory = this.#file === null && this.length + end - start <= memoryBytesMax;
    if (isInMemory) this.#appendMemory(source, start, end, memoryBytesMax);
    else this.#appendFile(source, start, end, folder);
    this.length += end - start;
  }

  /** Finds bytes from `position` on: `start` to `end` of `bytes`, valid until the next call. */
  read(position: number): void {
    if (position < this.#memoryLength) {
      this.bytes = this.#memory;
      this.start = position;
      this.end = this.#memoryLength;
      return;
    }
    const file = this.#file!;
    file.seekSync(position - this.#memoryLength, Deno.SeekMode.Start);
    const count = file.readSync(piece);
    if (count === null) throw new Deno.errors.UnexpectedEof("the file has become shorter");
    this.bytes = piece;
    this.start = 0;
    this.end = count;
  }

  /** Forgets everything; the file's room is free again. */
  clear(): void {
    this.#file?.close();
    this.#file = null;
    this.length = this.#memoryLength = 0;
    this.bytes = noBytes;
    // A large buffer would stay with an exchange object that next serves a GET.
    if (this.#memory.length > 4 * memoryBytesMin) this.#memory = noBytes;
  }

  #appendMemory(source: Uint8Array, start: number, end: number, bytesMax: number): void {
    const needed = this.#memoryLength + end - start;
    if (needed > this.#memory.length) {
      const size = Math.max(memoryBytesMin, needed, Math.min(2 * needed, bytesMax));
      const larger = new Uint8Array(size);
      larger.set(this.#memory.subarray(0, this.#memoryLength));
      this.#memory = larger;
    }
    this.#memory.set(source.subarray(start, end), this.#memoryLength);
    this.#memoryLength = needed;
  }

  #appendFile(source: Uint8Array, start: number, end: number, folder: string | null): void {
    const file = this.#file ??= this.#open(folder);
    file.seekSync(this.length - this.#memoryLength, Deno.SeekMode.Start);
    for (let at = start; at < end;) at += file.writeSync(source.subarray(at, end));
  }
}

const noBytes = new Uint8Array(0);
const piece = new Uint8Array(pieceBytes);
