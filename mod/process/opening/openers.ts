/** The openers of a parent with several generations: each has one, for all of its processes. */
import { Opener, type OpenerState } from "./opener.ts";
import type { OpenerHost } from "./host.ts";

export class Openers {
  readonly #host: OpenerHost;
  readonly #open = new Set<Opener>();

  /** `kept`: of the program before this one, whose generations go on (USR2). */
  constructor(host: OpenerHost, kept: readonly OpenerState[] = []) {
    this.#host = host;
    for (const state of kept) this.#add(new Opener(state, host));
  }

  /** A new one. Returns the descriptor for its generation, the caller's to close. */
  open(): number {
    const { opener, theirs } = Opener.pair(this.#host);
    this.#add(opener);
    return theirs;
  }

  /** For the program that replaces this one. */
  get states(): readonly OpenerState[] {
    return [...this.#open].map(({ state }) => state);
  }

  close(): void {
    for (const opener of [...this.#open]) opener.close();
  }

  #add(opener: Opener): void {
    this.#open.add(opener);
    opener.onEnd = () => void this.#open.delete(opener);
  }
}
