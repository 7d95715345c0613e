/** A file with its precompressed siblings, ready to be sent. */
import type { Coding } from "./codings.ts";
import type { OpenFile } from "./open_file.ts";
import type { PathWatch } from "./path_watch.ts";
import type { Answer } from "./answer.ts";

/** One representation of a file: itself, or a precompressed sibling. */
export class Representation {
  readonly size: number;
  /** Whole seconds, in milliseconds since 1970; NaN: no modification time. */
  readonly modifiedMs: number;
  readonly etag: string;
  readonly type: string;
  /** null: the plain file. */
  readonly coding: Coding | null;
  /** The content, when it is kept in memory. */
  readonly content: Uint8Array | null;
  /** The plain 200 as the mode has rendered it; see `StaticSite`. */
  rendered: unknown = null;
  renderedNotModified: unknown = null;
  /** As the page of another status; null: not used as one yet. */
  renderedPages: Map<number, unknown> | null = null;
  /** The plain 200 of a representation that is not in memory; null until first used. */
  wholeAnswer: Answer | null = null;
  /** Watch of the path it was read from; null: none. */
  readonly watch: PathWatch | null;
  /** When the path was last checked. */
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

  /** Records that it was just read. */
  markCurrent(nowMs: number): void {
    this.#checkedMs = nowMs;
  }

  /**
   * Whether the path is unchanged since it was read. It is checked once for each value of `nowMs`.
   * The requests of one reactor batch share that value, which is taken after the reads, so that no
   * request sent after a change gets the old file.
   */
  isCurrent(nowMs: number): boolean {
    if (this.watch === null || nowMs === this.#checkedMs) return true;
    if (!this.watch.isCurrent()) return false;
    this.#checkedMs = nowMs;
    return true;
  }

  /** The file, while a transfer uses it; null when `content` is set. */
  get file(): OpenFile | null {
    return this.#file;
  }

  /** Keeps the file open for a transfer, even if the cache evicts it meanwhile. */
  acquire(): void {
    this.#transfers++;
  }

  release(): void {
    this.#transfers--;
    this.#closeWhenUnused();
  }

  /** Called on eviction: the file is closed after the last transfer. */
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

/** A target that can be served. */
export interface Resource {
  /** The plain file first, then its siblings; empty for a redirect. */
  readonly representations: readonly Representation[];
  /** Redirect target of a folder requested without its trailing slash; else null. */
  readonly location: string | null;
  /** Empty: cannot be checked, so it is loaded again for each check. */
  readonly watched: readonly PathWatch[];
  /** Bytes kept in memory. */
  readonly contentBytes: number;
  readonly cacheControl: string | null;
  /** Another client might get another coding. */
  readonly isNegotiated: boolean;
  /** It is compressed for clients for whom there is no sibling. */
  readonly isCompressed: boolean;
}
