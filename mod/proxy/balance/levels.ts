/** The candidates by load: one rotation for each load that a candidate has. */
import { Heap } from "../../base/heap.ts";
import { Rotation } from "./rotation.ts";

/** So many empty rotations may always be kept for the next candidate of their load. */
const spareMin = 16;

export class Levels {
  readonly #byLoad = new Map<number, Rotation>();
  /** Those with candidates, and some that have become empty since. */
  readonly #order = new Heap<Rotation>();

  /** The rotation of the least load; null: there is no candidate. */
  get least(): Rotation | null {
    const order = this.#order;
    for (let { first } = order; first !== null; first = order.first) {
      if (first.item.size > 0) return first.item;
      order.remove(first);
    }
    return null;
  }

  /** The rotation of this load, for a candidate that joins it; `count` is that of all candidates. */
  of(load: number, count: number): Rotation {
    let rotation = this.#byLoad.get(load);
    if (rotation === undefined) {
      if (this.#byLoad.size > 2 * count + spareMin) this.#dropEmpty();
      rotation = new Rotation(load);
      this.#byLoad.set(load, rotation);
    }
    if (rotation.place.at < 0) this.#order.put(rotation.place, load);
    return rotation;
  }

  #dropEmpty(): void {
    for (const rotation of this.#byLoad.values()) {
      if (rotation.size > 0) continue;
      this.#byLoad.delete(rotation.load);
      this.#order.remove(rotation.place);
    }
  }
}
