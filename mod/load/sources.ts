import type { ThreadPlan } from "./thread_plan.ts";

/** Addresses that one thread takes up by itself: each has some 28,000 ports. */
const autoSourcesMax = 250;

/**
 * The local addresses of one thread's connections: the user's, in turn; on loopback, further
 * addresses of 127.0.0.0/8 once the kernel runs out of ephemeral ports.
 */
export class Sources {
  /** Addresses taken up because ports ran out. */
  autoCount = 0;
  readonly #addresses: string[];
  readonly #isAuto: boolean;
  readonly #thread: number;
  #next: number;
  /** Connects that found no free port since the last one that did. */
  #refusedStreak = 0;

  constructor(plan: ThreadPlan) {
    this.#addresses = [...plan.sources];
    this.#isAuto = plan.sources.length === 0;
    this.#thread = plan.index;
    this.#next = plan.connectionsBefore;
  }

  /** The address for the next connection; undefined leaves the choice to the kernel. */
  next(): string | undefined {
    const count = this.#addresses.length;
    return count === 0 ? undefined : this.#addresses[this.#next++ % count];
  }

  /** A connection was made. */
  succeeded(): void {
    this.#refusedStreak = 0;
  }

  /** No port was free. True when another address is worth a try. */
  exhausted(isLoopback: boolean): boolean {
    if (++this.#refusedStreak <= this.#addresses.length) return true;
    if (!this.#isAuto || !isLoopback || this.autoCount >= autoSourcesMax) return false;
    // Threads keep apart, so that none of them inherits another's exhausted address.
    this.#addresses.push(`127.0.${1 + this.#thread % 250}.${1 + this.autoCount++}`);
    this.#next = this.#addresses.length - 1;
    this.#refusedStreak = 0;
    return true;
  }
}
