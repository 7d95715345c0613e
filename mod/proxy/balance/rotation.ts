/**
 * Smooth weighted round robin (nginx): with each turn the current weight of every member grows by its
 * weight; the one with the largest is chosen and its current weight is reduced by the total. Peers of
 * weights 5, 1, 1 are chosen a a b a c a a, not a a a a a b c.
 *
 * Members of one weight grow alike, so that their order changes only where one is chosen: they share
 * a heap, and a turn compares the first of each heap. Its cost grows with the number of different
 * weights, and with the logarithm of the number of members.
 */
import { Heap, HeapEntry } from "../../base/heap.ts";
import type { Candidate } from "./candidate.ts";

/** The members of one weight. The current weight of each is `weight * turns - key`. */
export class WeightClass {
  readonly weight: number;
  readonly members = new Heap<Candidate>();

  constructor(weight: number) {
    this.weight = weight;
  }
}

export class Rotation {
  /** The load of its members, where those of the least are chosen. */
  readonly load: number;
  readonly place: HeapEntry<Rotation> = new HeapEntry<Rotation>(this);
  /** None is empty but the last one of an empty rotation. */
  readonly #classes: WeightClass[] = [];
  /** Members whose effective weight is still lowered by failures; null: there was none yet. */
  #recovering: Set<Candidate> | null = null;
  /** Exact for months: products with weights stay below 2^53. */
  #turns = 0;
  size = 0;

  constructor(load: number) {
    this.load = load;
  }

  /** Takes a candidate in, with the current weight that its peer left another rotation with. */
  join(candidate: Candidate, weight: number): void {
    const { peer } = candidate;
    this.size++;
    candidate.rotation = this;
    this.#enter(candidate, weight);
    if (peer.effectiveWeight < peer.weight) (this.#recovering ??= new Set()).add(candidate);
  }

  /** Leaves the candidate's current weight with its peer. */
  leave(candidate: Candidate): void {
    this.size--;
    this.#exit(candidate);
    candidate.rotation = null;
    if (this.#recovering !== null) this.#recovering.delete(candidate);
  }

  /** The next in turn; there must be a member. */
  next(nowMs: number): Candidate {
    const classes = this.#classes;
    const turns = ++this.#turns;
    let { weight, members } = classes[0];
    let best = members.first!;
    let most = weight * turns - best.key;
    let total = weight * members.size;
    for (let i = 1; i < classes.length; i++) {
      const other = classes[i];
      const first = other.members.first!;
      const current = other.weight * turns - first.key;
      total += other.weight * other.members.size;
      if (current < most || (current === most && first.rank > best.rank)) continue;
      ({ weight, members } = other);
      best = first;
      most = current;
    }
    members.put(best, best.key + total);
    if (this.#recovering !== null) this.#recover(this.#recovering, nowMs);
    return best.item;
  }

  /** Each turn gives one back of the weight that failures have taken. */
  #recover(recovering: Set<Candidate>, nowMs: number): void {
    for (const candidate of recovering) {
      const { peer } = candidate;
      if (peer.effectiveWeight < peer.weight) peer.effectiveWeight++;
      this.#exit(candidate);
      this.#enter(candidate, peer.weightAt(nowMs));
      if (peer.effectiveWeight >= peer.weight) recovering.delete(candidate);
    }
  }

  #enter(candidate: Candidate, weight: number): void {
    const weightClass = this.#classOf(weight);
    candidate.weightClass = weightClass;
    const key = weight * this.#turns - candidate.peer.currentWeight;
    weightClass.members.put(candidate.turn, key);
  }

  #exit(candidate: Candidate): void {
    const weightClass = candidate.weightClass!;
    candidate.peer.currentWeight = weightClass.weight * this.#turns - candidate.turn.key;
    weightClass.members.remove(candidate.turn);
    candidate.weightClass = null;
    if (weightClass.members.size === 0 && this.#classes.length > 1) this.#drop(weightClass);
  }

  #classOf(weight: number): WeightClass {
    const classes = this.#classes;
    for (let i = 0; i < classes.length; i++) if (classes[i].weight === weight) return classes[i];
    if (classes.length === 1 && classes[0].members.size === 0) classes.pop();
    const fresh = new WeightClass(weight);
    classes.push(fresh);
    return fresh;
  }

  #drop(weightClass: WeightClass): void {
    const classes = this.#classes;
    classes[classes.indexOf(weightClass)] = classes[classes.length - 1];
    classes.pop();
  }
}
