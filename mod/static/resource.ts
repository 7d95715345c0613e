/** What a target names on the disk, ready to be sent. */
import type { Coding } from "./codings.ts";
import type { OpenFile } from "./open_file.ts";
import type { Answer } from "./answer.ts";

/** One form of a file: itself, or its precompressed sibling. */
export class Representation {
  readonly size: number;
  /** Whole seconds, as milliseconds since 1970; NaN: has no modification time. */
  readonly modifiedMs: number;
  readonly etag: string;
  readonly type: string;
  /** null: the plain file. */
  readonly coding: Coding | null;
  /** Bytes of the whole, when they are kept in memory. */
  readonly content: Uint8Array | null;
  /** Whatever the mode made of a plain answer with this representation; see `StaticSite`. */
  rendered: unknown = null;
  renderedNotModified: unknown = null;
  /** The 200 with the whole of a form that is not kept in memory; null until it is first asked for. */
  wholeAnswer: Answer | null = null;
  #file: OpenFile | null;
  #transfers = 0;
  #retired = false;

  constructor(
    file: OpenFile | null,
    size: number,
    content: Uint8Array | null,
    modifiedMs: number,
    etag: string,
    type: string,
    coding: Coding | null,
  ) {
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.etag = etag;
    this.type = type;
    this.coding = coding;
    this.#file = file;
    this.content = content;
  }

  /** The file, while a transfer holds it; null when `content` has everything. */
  get file(): OpenFile | null {
    return this.#file;
  }

  /** Keeps the file open for a transfer, even when the cache drops it meanwhile. */
  acquire(): void {
    this.#transfers++;
  }

  release(): void {
    this.#transfers--;
    this.#closeWhenUnused();
  }

  /** The cache has dropped it: the file is closed behind the last transfer. */
  retire(): void {
    this.#retired = true;
    this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (!this.#retired || this.#transfers > 0) return;
    this.#file?.close();
    this.#file = null;
  }
}

/** The path of a file or folder whose state decides what a resource is, with that state. */
export interface Watched {
  readonly path: string;
  readonly signature: string;
}

/** A target that can be answered. */
export interface Resource {
  /** The plain file first, then its siblings; empty for a redirect. */
  readonly representations: readonly Representation[];
  /** Where a folder without a slash at the end is redirected to; else null. */
  readonly location: string | null;
  /** Empty: cannot be checked, is made anew each time it is looked at. */
  readonly watched: readonly Watched[];
  /** Bytes that it keeps in memory. */
  readonly contentBytes: number;
}

/** Tells states of a path apart: another file, another length, another time. */
export function signatureOf(path: string): string {
  try {
    const info = Deno.statSync(path);
    const changed = info.ctime?.getTime() ?? 0;
    return `${info.dev}:${info.ino}:${info.size}:${info.mtime?.getTime() ?? 0}:${changed}`;
  } catch (error) {
    // Whatever keeps us from looking at it is a state as well; opening it tells more.
    return error instanceof Error ? error.name : "unknown";
  }
}
