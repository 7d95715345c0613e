/**
 * Watches files for changes, to reload without a signal.
 *
 * It polls: inotify(7) tells nothing of network file systems and of files that another container
 * writes, and of a Kubernetes ConfigMap only that a link beside the file has moved.
 */
import { record, text } from "../../base/shape.ts";
import { stampOf } from "./file_stamp.ts";

/** A file as it was when it was read. */
export interface WatchedFile {
  readonly path: string;
  /** See `stampOf`. */
  readonly stamp: string;
}

/** Checked by a parent that gets such files from its child. */
export const watchedFileShape = record<WatchedFile>({ path: text, stamp: text });

/** Two stats a file each second; a change is acted on after half a second of quiet. */
const pollMs = 500;
/** More files than an app has; they are named only up to here. */
export const watchedFilesMax = 2000;

/**
 * The files as they are now, by absolute paths: another process may watch them. Call it before they
 * are read, so that no change falls between.
 */
export function filesNow(paths: readonly string[]): WatchedFile[] {
  return paths.slice(0, watchedFilesMax).map((given) => {
    const path = given.startsWith("/") ? given : `${Deno.cwd()}/${given}`;
    return { path, stamp: stampOf([path]) };
  });
}

export class FileWatch {
  readonly #onChange: (paths: readonly string[]) => void;
  /** The stamp that is in force, by path. */
  #files = new Map<string, string>();
  /** Stamps of the last poll of files that have changed, by path. */
  #unsettled = new Map<string, string>();
  readonly #timer: number;

  /** `onChange` gets the paths that have changed and then kept still for a poll. */
  constructor(onChange: (paths: readonly string[]) => void, everyMs = pollMs) {
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#poll(), everyMs);
    // It keeps no process alive.
    Deno.unrefTimer(this.#timer);
  }

  /** Watches these files from now on, and no others. */
  set(files: readonly WatchedFile[]): void {
    this.#files = new Map(files.map(({ path, stamp }) => [path, stamp]));
  }

  /** Watches these files, too; those that are known keep their state. */
  add(files: readonly WatchedFile[]): void {
    for (const { path, stamp } of files) {
      if (this.#files.size >= watchedFilesMax) return;
      if (!this.#files.has(path)) this.#files.set(path, stamp);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #poll(): void {
    const changed = new Map<string, string>();
    for (const [path, stamp] of this.#files) {
      const now = stampOf([path]);
      if (now !== stamp) changed.set(path, now);
    }
    // A file that is being written, or a deploy of many files, is left to finish.
    const isQuiet = [...changed].every(([path, stamp]) => this.#unsettled.get(path) === stamp);
    this.#unsettled = changed;
    if (changed.size === 0 || !isQuiet) return;
    this.#unsettled = new Map();
    for (const [path, stamp] of changed) this.#files.set(path, stamp);
    this.#onChange([...changed.keys()]);
  }
}

/** `a.conf changed`, `a.conf and 2 more files changed`. */
export function changedText(paths: readonly string[]): string {
  const more = paths.length - 1;
  if (more === 0) return `${paths[0]} changed`;
  return `${paths[0]} and ${more} more ${more === 1 ? "file" : "files"} changed`;
}
