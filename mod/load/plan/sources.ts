import type { ThreadPlan } from "./thread_plan.ts";

/** Loopback addresses that one thread adds automatically; each has about 28,000 ports. */
const autoSourcesMax = 250;

/**
 * The local addresses of one thread's connections: the user's, in turn; on loopback, further
 * addresses of 127.0.0.0/8 once the kernel runs out of ephemeral ports.
 */
export class Sources {
  /** Addresses added because ports ran out. */
  autoCount = 0;
  readonly #addresses: string[];
  readonly #isAuto: boolean;
  readonly #thread: number;
  #next: number;
  /** Addresses that had no free port since the last connection that found one. */
  #exhaustedStreak = 0;

  constructor(plan: Pick<ThreadPlan, "sources" | "index" | "connectionsBefore">) {
    this.#addresses = [...plan.sources];
    this.#isAuto = plan.sources.length === 0;
    this.#thread = plan.index;
    this.#next = plan.connectionsBefore;
  }

  /** The address for the next connection; undefined: the kernel chooses. */
  next(): string | undefined {
    const count = this.#addresses.length;
    if (count === 0) return undefined;
    // Searching for a port when none is left is slow, so our own addresses are used up one by one.
    // When the rotation returns to the first one, its ports are free again.
    const at = this.#isAuto ? this.#next : this.#next++;
    return this.#addresses[at % count];
  }

  /** A connection was made. */
  succeeded(): void {
    this.#exhaustedStreak = 0;
  }

  /** No port was free at `source`, which `next` gave. True when another attempt may succeed. */
  exhausted(source: string | undefined, isLoopback: boolean): boolean {
    if (!this.#isAuto) return ++this.#exhaustedStreak <= this.#addresses.length;
    const count = this.#addresses.length;
    // Another connection has already switched to the next address.
    if (count > 0 && source !== this.#addresses[this.#next % count]) return true;
    if (++this.#exhaustedStreak < count) {
      this.#next++;
      return true;
    }
    if (!isLoopback || this.autoCount >= autoSourcesMax) return false;
    // Threads use separate ranges, so that none gets an address that another has exhausted.
    this.#addresses.push(`127.0.${1 + this.#thread % 250}.${1 + this.autoCount++}`);
    this.#next = count;
    this.#exhaustedStreak = 0;
    return true;
  }
}
