/** Open files by target. A changed file is noticed at once, a new sibling or index within a second. */
import type { Resource } from "./resource.ts";

/** Limits of a cache. */
export interface CacheLimits {
  readonly entriesMax: number;
  /** Total bytes of file contents kept in memory. */
  readonly contentBytesMax: number;
  /** How long the other paths that an entry depends on are used without a check. */
  readonly recheckMs: number;
}

export const defaultCacheLimits: CacheLimits = {
  entriesMax: 2048,
  contentBytesMax: 64 << 20,
  recheckMs: 1000,
};

interface Entry {
  readonly resource: Resource;
  checkedMs: number;
  /** Used since the last eviction scan. */
  used: boolean;
}

/** A bounded cache that evicts the oldest entry not used recently. */
export class ResourceCache {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: CacheLimits;
  #contentBytes = 0;

  constructor(limits: CacheLimits = defaultCacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get contentBytes(): number {
    return this.#contentBytes;
  }

  /**
   * The resource of `target` if its plain file is unchanged on disk, else null. The caller checks
   * siblings with `Representation.isCurrent`.
   */
  find(target: string, nowMs: number): Resource | null {
    const entry = this.#entries.get(target);
    if (entry === undefined) return null;
    entry.used = true;
    const { resource } = entry;
    if (resource.representations[0].isCurrent(nowMs)) {
      if (nowMs - entry.checkedMs < this.#limits.recheckMs) return resource;
      if (isCurrent(resource)) {
        entry.checkedMs = nowMs;
        return resource;
      }
    }
    this.#remove(target, entry);
    return null;
  }

  add(target: string, resource: Resource, nowMs: number): void {
    const old = this.#entries.get(target);
    if (old !== undefined) this.#remove(target, old);
    this.#entries.set(target, { resource, checkedMs: nowMs, used: false });
    this.#contentBytes += resource.contentBytes;
    for (const representation of resource.representations) representation.markCurrent(nowMs);
    while (this.#isOverfull() && this.#entries.size > 1) this.#evictOne(target);
  }

  /** Closes every file that no transfer uses. */
  clear(): void {
    for (const [target, entry] of this.#entries) this.#remove(target, entry);
  }

  #isOverfull(): boolean {
    return this.#entries.size > this.#limits.entriesMax ||
      this.#contentBytes > this.#limits.contentBytesMax;
  }

  /** Second chance in insertion order: used entries move to the end, the first unused is evicted. */
  #evictOne(newest: string): void {
    for (const [target, entry] of this.#entries) {
      if (!entry.used && target !== newest) return this.#remove(target, entry);
      entry.used = false;
      this.#entries.delete(target);
      this.#entries.set(target, entry);
    }
  }

  #remove(target: string, entry: Entry): void {
    this.#entries.delete(target);
    this.#contentBytes -= entry.resource.contentBytes;
    for (const representation of entry.resource.representations) representation.retire();
  }
}

function isCurrent(resource: Resource): boolean {
  return resource.watched.length > 0 &&
    resource.watched.every((watched) => watched.isCurrent());
}
