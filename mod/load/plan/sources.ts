import type { ThreadPlan } from "./thread_plan.ts";

/** Loopback addresses that one thread may use besides 127.0.0.1. */
const autoSourcesMax = 250;
/**
 * Connects from one loopback address before the next one is used. Linux gives an outgoing connection
 * one of the even ports, 14,000 of 28,000; once they are taken, or in TIME_WAIT, it tries each of
 * them before the first odd one, which takes up to a millisecond.
 */
const connectsPerAddress = 10_000;

/**
 * The local addresses of one thread's connections: the user's, in turn; on loopback, one address of
 * 127.0.0.0/8 after another, long before the kernel runs out of ephemeral ports.
 */
export class Sources {
  readonly #addresses: readonly string[];
  readonly #isAuto: boolean;
  readonly #thread: number;
  /** Of the user's addresses the next one; of ours the current one, 0 for the kernel's choice. */
  #at: number;
  /** Connects from our current address that do not change it yet. */
  #connectsLeft: number;
  #autoCount = 0;
  /** Addresses that had no free port since the last connection that found one. */
  #exhaustedStreak = 0;

  constructor(plan: Pick<ThreadPlan, "sources" | "index" | "threadCount" | "connectionsBefore">) {
    this.#addresses = plan.sources;
    this.#isAuto = plan.sources.length === 0;
    this.#thread = plan.index;
    this.#at = this.#isAuto ? 0 : plan.connectionsBefore;
    // All threads share the kernel's choice.
    this.#connectsLeft = Math.ceil(connectsPerAddress / plan.threadCount);
  }

  /** Loopback addresses used besides the kernel's choice. */
  get autoCount(): number {
    return this.#autoCount;
  }

  /** The address for the next connection; undefined: the kernel chooses. */
  next(isLoopback: boolean): string | undefined {
    if (!this.#isAuto) return this.#addresses[this.#at++ % this.#addresses.length];
    if (!isLoopback) return undefined;
    if (this.#connectsLeft === 0) this.#moveOn();
    this.#connectsLeft--;
    return this.#current;
  }

  /** A connection was made. */
  succeeded(): void {
    this.#exhaustedStreak = 0;
  }

  /** No port was free at `source`, which `next` gave. True when another attempt may succeed. */
  exhausted(source: string | undefined, isLoopback: boolean): boolean {
    if (!this.#isAuto) return ++this.#exhaustedStreak <= this.#addresses.length;
    if (!isLoopback) return false;
    // Another connection has already moved on.
    if (source !== this.#current) return true;
    if (++this.#exhaustedStreak > autoSourcesMax) return false;
    this.#moveOn();
    return true;
  }

  /** Threads use separate ranges, so that none gets an address whose ports another has used. */
  get #current(): string | undefined {
    return this.#at === 0 ? undefined : `127.0.${1 + this.#thread % 250}.${this.#at}`;
  }

  /** After the last address the first one's ports are free again. */
  #moveOn(): void {
    this.#at = (this.#at + 1) % (autoSourcesMax + 1);
    this.#autoCount = Math.max(this.#autoCount, this.#at);
    this.#connectsLeft = connectsPerAddress;
  }
}
