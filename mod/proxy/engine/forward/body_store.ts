/** Stores bytes of a request body: in memory first, then in an unnamed file. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { openMemoryFile } from "../../../sys/memory_file.ts";

/** Bytes read back from the file at a time. */
const pieceBytes = 65_536;
const memoryBytesMin = 1024;

/** The part of a file that the store uses; `Deno.FsFile` has it. */
export interface StoreFile {
  seekSync(offset: number, whence: Deno.SeekMode): number;
  writeSync(bytes: Uint8Array): number;
  readSync(bytes: Uint8Array): number | null;
  close(): void;
}

/** Opens an empty private file in the folder; null: where temporary files go. */
export type OpenFile = (folder: string | null) => StoreFile;

/**
 * Unlinks the file at once, so that its disk space is freed however the process ends. If no folder
 * was named and temporary files cannot be created (a read-only container), uses a file in memory.
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

/** Throws `StartError` if bodies cannot be stored there: at start, not at the first large one. */
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
 * faster than a round trip to another thread. Their errors are thrown.
 */
export class BodyStore {
  length = 0;
  /** Where `read` has put its result. */
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

  /** Appends: to memory up to `memoryBytesMax`, then to a file. */
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

  /** Finds bytes at `position`: `start` to `end` of `bytes`, valid until the next call. */
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

  /** Discards everything and frees the file's space. */
  clear(): void {
    this.#file?.close();
    this.#file = null;
    this.length = this.#memoryLength = 0;
    this.bytes = noBytes;
    // The exchange object is reused: do not keep a large buffer for a later GET.
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
