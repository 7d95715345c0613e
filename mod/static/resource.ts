/** What a target names on the disk, ready to be sent. */
import type { Coding } from "./codings.ts";
import type { OpenFile } from "./open_file.ts";
import type { PathWatch } from "./path_watch.ts";
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
  /** Of the path that it was read from; null: of none. */
  readonly watch: PathWatch | null;
  /** When the path was last looked at. */
  #checkedMs = NaN;
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
    watch: PathWatch | null = null,
  ) {
    this.watch = watch;
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.etag = etag;
    this.type = type;
    this.coding = coding;
    this.#file = file;
    this.content = content;
  }

  /** It has just been read. */
  markCurrent(nowMs: number): void {
    this.#checkedMs = nowMs;
  }

  /**
   * Whether the path still names what was read. It is looked at once for each value of `nowMs`: the
   * requests that a reactor reads together share one, taken behind the reads, so that none of them
   * was sent after a change that goes unseen.
   */
  isCurrent(nowMs: number): boolean {
    if (this.watch === null || nowMs === this.#checkedMs) return true;
    if (!this.watch.isCurrent()) return false;
    this.#checkedMs = nowMs;
    return true;
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

/** A target that can be answered. */
export interface Resource {
  /** The plain file first, then its siblings; empty for a redirect. */
  readonly representations: readonly Representation[];
  /** Where a folder without a slash at the end is redirected to; else null. */
  readonly location: string | null;
  /** Empty: cannot be checked, is made anew each time it is looked at. */
  readonly watched: readonly PathWatch[];
  /** Bytes that it keeps in memory. */
  readonly contentBytes: number;
}
