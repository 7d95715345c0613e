/** Paths that name no file. They cost more to find out than files do, and strangers ask for many. */
import type { PathWatch } from "./path_watch.ts";

/** The oldest one goes: a miss that is asked for often is soon back. */
const entriesMax = 1024;
/** Longer paths are not remembered, so that the memory is bounded too. */
const pathCharsMax = 512;

interface Miss {
  readonly watched: readonly PathWatch[];
  checkedMs: number;
}

/**
 * Remembers misses, and looks whether they still are: a file shows as soon as it is there. It asks
 * once for each value of `nowMs`, as `Representation.isCurrent` does.
 */
export class MissCache {
  readonly #misses = new Map<string, Miss>();

  get size(): number {
    return this.#misses.size;
  }

  /** Whether `target` names nothing, as far as is remembered; a query does not count. */
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

  /** `watched` are the paths that would have been files. */
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
