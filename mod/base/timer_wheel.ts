/**
 * Coarse deadlines for large numbers of connections.
 *
 * Postponing a deadline, which happens on every request, only writes a number: the entry stays in
 * its slot and is moved when the slot comes up and the deadline turns out to be later. So each
 * entry is visited at most once per turn of the wheel.
 */

/** Something with a deadline. `deadlineMs` may be raised at any time; to lower it, call `arm`. */
export abstract class Deadline {
  /** Monotonic milliseconds; Infinity: none. */
  deadlineMs = Infinity;
  /** Slot in the wheel, -1 when not in the wheel. Owned by the wheel. */
  wheelSlot = -1;
  wheelNext: Deadline | null = null;
  wheelPrevious: Deadline | null = null;
  /** The deadline has passed; the entry is out of the wheel and may be armed again. */
  abstract onDeadline(nowMs: number): void;
}

const slotCount = 512;

/** A wheel of 512 slots of 32 ms: a turn takes 16 s; later deadlines are visited once per turn. */
export class TimerWheel {
  static readonly slotMs = 32;
  readonly #slots: (Deadline | null)[] = new Array(slotCount).fill(null);
  /**
   * Called when an entry is put into a slot, so that a waiting reactor can wake earlier. Not called
   * when a deadline only moves later.
   */
  onLink: ((dueMs: number) => void) | null = null;
  #armedCount = 0;
  #lastSlotTime: number;
  /** When the next slot comes up; until then there is nothing to advance. */
  #nextSlotMs: number;

  constructor(nowMs: number) {
    this.#lastSlotTime = Math.floor(nowMs / TimerWheel.slotMs);
    this.#nextSlotMs = (this.#lastSlotTime + 1) * TimerWheel.slotMs;
  }

  /** Entries in the wheel; with none, `advance` need not be called. */
  get armedCount(): number {
    return this.#armedCount;
  }

  /**
   * Sets the deadline, and moves the entry to an earlier slot if needed. Cheap if it only moves
   * later.
   */
  arm(entry: Deadline, deadlineMs: number): void {
    const earlier = deadlineMs < entry.deadlineMs;
    entry.deadlineMs = deadlineMs;
    if (entry.wheelSlot >= 0) {
      if (!earlier) return;
      this.#unlink(entry);
    }
    this.#link(entry);
  }

  /**
   * Removes the entry. Use it when the owner is closed; to suspend, set `deadlineMs` to Infinity.
   */
  disarm(entry: Deadline): void {
    entry.deadlineMs = Infinity;
    if (entry.wheelSlot >= 0) this.#unlink(entry);
  }

  /** Calls `onDeadline` of every entry whose deadline has passed. */
  advance(nowMs: number): void {
    if (nowMs < this.#nextSlotMs) return;
    const slotTime = Math.floor(nowMs / TimerWheel.slotMs);
    // After a long stop (SIGSTOP, a suspended host) one full turn visits every entry.
    const from = Math.max(this.#lastSlotTime + 1, slotTime - slotCount + 1);
    this.#lastSlotTime = slotTime;
    this.#nextSlotMs = (slotTime + 1) * TimerWheel.slotMs;
    for (let time = from; time <= slotTime; time++) this.#expire(time & (slotCount - 1), nowMs);
  }

  /**
   * When the first slot that holds an entry comes up; Infinity if none. Never later than a
   * deadline's own slot.
   */
  nextDueMs(): number {
    if (this.#armedCount === 0) return Infinity;
    for (let ahead = 1; ahead <= slotCount; ahead++) {
      const time = this.#lastSlotTime + ahead;
      if (this.#slots[time & (slotCount - 1)] !== null) return time * TimerWheel.slotMs;
    }
    return Infinity;
  }

  #expire(slot: number, nowMs: number): void {
    let entry = this.#slots[slot];
    // Detached first: entries that are linked again during the walk go to a separate list.
    this.#slots[slot] = null;
    while (entry !== null) {
      const next: Deadline | null = entry.wheelNext;
      // A callback may have removed a later entry of this list; its slot is then -1 or a new one.
      entry.wheelNext = entry.wheelPrevious = null;
      entry.wheelSlot = -1;
      this.#armedCount--;
      if (next !== null) next.wheelPrevious = null;
      if (entry.deadlineMs > nowMs) {
        if (entry.deadlineMs !== Infinity) this.#link(entry);
      } else {
        entry.deadlineMs = Infinity;
        this.#pending = next;
        entry.onDeadline(nowMs);
        entry = this.#pending;
        continue;
      }
      entry = next;
    }
    this.#pending = null;
  }

  /**
   * The rest of the list that `#expire` walks. Kept here because a callback may disarm its head.
   */
  #pending: Deadline | null = null;

  #link(entry: Deadline): void {
    if (entry.deadlineMs === Infinity) return;
    // Rounded up to the next slot, so that the entry is due when its slot comes up.
    const due = Math.ceil(entry.deadlineMs / TimerWheel.slotMs);
    const time = Math.min(
      Math.max(due, this.#lastSlotTime + 1),
      this.#lastSlotTime + slotCount - 1,
    );
    const slot = time & (slotCount - 1);
    const head = this.#slots[slot];
    entry.wheelSlot = slot;
    entry.wheelNext = head;
    entry.wheelPrevious = null;
    if (head !== null) head.wheelPrevious = entry;
    this.#slots[slot] = entry;
    this.#armedCount++;
    if (this.onLink !== null) this.onLink(time * TimerWheel.slotMs);
  }

  #unlink(entry: Deadline): void {
    if (this.#slots[entry.wheelSlot] === entry) this.#slots[entry.wheelSlot] = entry.wheelNext;
    else if (this.#pending === entry) this.#pending = entry.wheelNext;
    if (entry.wheelPrevious !== null) entry.wheelPrevious.wheelNext = entry.wheelNext;
    if (entry.wheelNext !== null) entry.wheelNext.wheelPrevious = entry.wheelPrevious;
    entry.wheelNext = entry.wheelPrevious = null;
    entry.wheelSlot = -1;
    this.#armedCount--;
  }
}
