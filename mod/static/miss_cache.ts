/** Remembers paths without a file, which cost more to look up than files and which scanners request. */
import type { PathWatch } from "./path_watch.ts";

/** When full, the oldest entry is evicted; a frequent miss is soon cached again. */
const entriesMax = 1024;
/** Longer paths are not cached, which bounds the memory. */
const pathCharsMax = 512;

interface Miss {
  readonly watched: readonly PathWatch[];
  checkedMs: number;
}

/**
 * Caches misses and checks that they are still misses, so that a new file is served at once. The
 * check runs once for each value of `nowMs`, as in `Representation.isCurrent`.
 */
export class MissCache {
  readonly #misses = new Map<string, Miss>();

  get size(): number {
    return this.#misses.size;
  }

  /** Whether `target`, without its query, is a cached miss. */
  has(target: string, nowMs: number): boolean {
    if (this.#misses.size === 0) return false;
    const path = pathOf(target);
    const miss = this.#misses.get(path);
    if (miss === undefined) return false;
    if (miss.checkedMs === nowMs) return true;
    if (!miss.watched.every((watch) => watch.isCurrent())) {
      this.#misses.delete(path);
      return false;
    }
    miss.checkedMs = nowMs;
    return true;
  }

  /** `watched`: the paths at which a file would have been found. */
  add(target: string, watched: readonly PathWatch[], nowMs: number): void {
    const path = pathOf(target);
    if (path.length > pathCharsMax) return;
    this.#misses.delete(path);
    this.#misses.set(path, { watched, checkedMs: nowMs });
    if (this.#misses.size <= entriesMax) return;
    for (const oldest of this.#misses.keys()) {
      this.#misses.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#misses.clear();
  }
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
