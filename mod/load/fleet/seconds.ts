/** The totals of all machines, second by second, while they run. */
import type { Interval } from "../stats/result.ts";
import { addSecond } from "./sum.ts";

/** Collects the seconds of machines until each has told the same one. */
export class Seconds<Machine> {
  readonly #onSecond: (interval: Interval) => void;
  /** What was told and is not yet part of a sum. */
  readonly #told = new Map<Machine, Interval[]>();
  readonly #ended = new Set<Machine>();

  /** `onSecond` is called once for each second, in order. */
  constructor(machines: Iterable<Machine>, onSecond: (interval: Interval) => void) {
    for (const machine of machines) this.#told.set(machine, []);
    this.#onSecond = onSecond;
  }

  add(machine: Machine, interval: Interval): void {
    this.#told.get(machine)?.push(interval);
    this.#tell();
  }

  /** No more comes of this one: it is lost, or has ended before the others. */
  remove(machine: Machine): void {
    const left = this.#told.get(machine);
    // What it has told still counts.
    if (left !== undefined && left.length === 0) this.#told.delete(machine);
    else if (left !== undefined) this.#ended.add(machine);
    this.#tell();
  }

  #tell(): void {
    while (this.#told.size > 0 && [...this.#told.values()].every((list) => list.length > 0)) {
      this.#onSecond(addSecond([...this.#told.values()].map((list) => list.shift()!)));
      for (const machine of this.#ended) {
        if (this.#told.get(machine)?.length === 0) this.#told.delete(machine);
      }
    }
  }
}
