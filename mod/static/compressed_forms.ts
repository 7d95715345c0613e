/** Compresses files when clients first ask for them, and keeps the results. */
import type { Coding } from "./codings.ts";
import { Representation } from "./resource.ts";
import { concat } from "../std/bytes.ts";

/** What does the work: `mod/std/compressor.ts`, loaded where it is wanted. */
export interface CompressionLibrary {
  compress(bytes: Uint8Array, coding: Coding["name"], level: number): Uint8Array;
  openCompressor(coding: Coding["name"], level: number, events: {
    onData(bytes: Uint8Array): void;
    onEnd(): void;
    onError(): void;
  }): {
    write(bytes: Uint8Array, onTaken: () => void): void;
    end(): void;
    cancel(): void;
  };
}

/** The event loop: the library needs turns of it, and so do other requests meanwhile. */
export interface CompressionHost {
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
}

/** The kept forms, and the work under way. */
export interface CompressionLimits {
  readonly keptBytesMax: number;
  /** Of files with forms. A file that no form makes smaller takes a place, too. */
  readonly keptFilesMax: number;
  /** Further files are sent as they are. */
  readonly underWayMax: number;
}

export const defaultCompressionLimits: CompressionLimits = {
  keptBytesMax: 32 << 20,
  keptFilesMax: 4096,
  underWayMax: 8,
};

/** What takes a few milliseconds for 64 KB; the next levels take twice the time for 2 %. */
const levels: Readonly<Record<Coding["name"], number>> = { br: 5, zstd: 6, gzip: 6 };

/** The library compresses on this thread: a piece takes about two milliseconds. */
const pieceBytes = 32 << 10;
/** After this, other requests get their turn. */
const sliceMs = 8;

/** A form under way. Those who wait ask again when it is over. */
export class Making {
  readonly #waiting: (() => void)[] = [];

  whenOver(callback: () => void): void {
    this.#waiting.push(callback);
  }

  end(): void {
    for (const callback of this.#waiting) callback();
  }
}

/** `null` in the place of a form: it failed, or is not smaller than the file. */
type Kept = { readonly form: Representation | null; readonly bytes: number };

export class CompressedForms {
  readonly #library: CompressionLibrary;
  readonly #host: CompressionHost;
  readonly #limits: CompressionLimits;
  /** By plain file, then by coding; the least recently used file comes first. */
  readonly #kept = new Map<Representation, Map<string, Kept>>();
  readonly #underWay = new Map<Representation, Map<string, Making>>();
  #keptBytes = 0;
  #underWayCount = 0;

  constructor(
    library: CompressionLibrary,
    host: CompressionHost,
    limits: CompressionLimits = defaultCompressionLimits,
  ) {
    this.#library = library;
    this.#host = host;
    this.#limits = limits;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The form of a plain file; a `Making` to wait for; null: the file is sent as it is. */
  formOf(plain: Representation, coding: Coding): Representation | Making | null {
    const kept = this.#find(plain, coding);
    if (kept !== undefined) return kept.form;
    const making = this.#underWay.get(plain)?.get(coding.name);
    if (making !== undefined) return making;
    if (this.#underWayCount >= this.#limits.underWayMax) return null;
    if (plain.content === null) return this.#begin(plain, coding);
    const bytes = this.#library.compress(plain.content, coding.name, levels[coding.name]);
    return this.#keep(plain, coding, bytes);
  }

  #find(plain: Representation, coding: Coding): Kept | undefined {
    const forms = this.#kept.get(plain);
    const kept = forms?.get(coding.name);
    if (kept === undefined) return undefined;
    this.#kept.delete(plain);
    this.#kept.set(plain, forms!);
    return kept;
  }

  #keep(plain: Representation, coding: Coding, bytes: Uint8Array | null): Representation | null {
    const form = bytes !== null && bytes.length < plain.size
      ? formFrom(plain, coding, bytes)
      : null;
    const size = form === null ? 0 : form.size;
    const forms = this.#kept.get(plain) ?? new Map<string, Kept>();
    forms.set(coding.name, { form, bytes: size });
    this.#kept.set(plain, forms);
    this.#keptBytes += size;
    const { keptBytesMax, keptFilesMax } = this.#limits;
    for (const [oldest, its] of this.#kept) {
      const fits = this.#keptBytes <= keptBytesMax && this.#kept.size <= keptFilesMax;
      if (fits || oldest === plain) break;
      this.#kept.delete(oldest);
      for (const one of its.values()) this.#keptBytes -= one.bytes;
    }
    return form;
  }

  #begin(plain: Representation, coding: Coding): Making {
    const making = new Making();
    const ofFile = this.#underWay.get(plain) ?? new Map<string, Making>();
    ofFile.set(coding.name, making);
    this.#underWay.set(plain, ofFile);
    this.#underWayCount++;
    this.#host.beginAsync();
    plain.acquire();
    new Work(plain, coding, this.#library, this.#host, (bytes) => {
      plain.release();
      this.#host.endAsync();
      this.#underWayCount--;
      ofFile.delete(coding.name);
      if (ofFile.size === 0) this.#underWay.delete(plain);
      this.#keep(plain, coding, bytes);
      making.end();
    }).start();
    return making;
  }
}

function formFrom(plain: Representation, coding: Coding, bytes: Uint8Array): Representation {
  // The same bytes each time, also in other workers, so the tag is a strong one.
  const etag = plain.etag === "" ? "" : `${plain.etag.slice(0, -1)}-${coding.name}"`;
  const { modifiedMs, type, watch } = plain;
  return new Representation(null, bytes.length, bytes, modifiedMs, etag, type, coding, watch);
}

/** One file on its way through the library, a piece for each turn of the loop. */
class Work {
  readonly #plain: Representation;
  readonly #host: CompressionHost;
  readonly #onOver: (bytes: Uint8Array | null) => void;
  readonly #output: Uint8Array[] = [];
  readonly #compressor: ReturnType<CompressionLibrary["openCompressor"]>;
  #offset = 0;
  #sliceStartMs = 0;
  #isOver = false;

  constructor(
    plain: Representation,
    coding: Coding,
    library: CompressionLibrary,
    host: CompressionHost,
    onOver: (bytes: Uint8Array | null) => void,
  ) {
    this.#plain = plain;
    this.#host = host;
    this.#onOver = onOver;
    this.#compressor = library.openCompressor(coding.name, levels[coding.name], {
      onData: (bytes) => this.#output.push(bytes),
      onEnd: () => this.#end(concat(this.#output)),
      onError: () => this.#end(null),
    });
  }

  /** Begins a slice of work. */
  start(): void {
    this.#sliceStartMs = performance.now();
    this.#next();
  }

  #next(): void {
    const { file, size } = this.#plain;
    if (this.#offset === size) return this.#compressor.end();
    const piece = new Uint8Array(Math.min(pieceBytes, size - this.#offset));
    const count = file === null ? 0 : file.readAt(this.#offset, piece, 0, piece.length);
    if (count <= 0) {
      // The file has become shorter.
      this.#compressor.cancel();
      return this.#end(null);
    }
    this.#offset += count;
    this.#compressor.write(piece.subarray(0, count), () => {
      if (this.#isOver) return;
      if (performance.now() - this.#sliceStartMs < sliceMs) this.#next();
      else this.#host.setTimer(0, () => this.start());
    });
  }

  #end(bytes: Uint8Array | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(bytes);
  }
}
