import { Deadline } from "../../base/timer_wheel.ts";
import type { Reactor } from "../../net/reactor.ts";

/** The connection that owns a timer. */
export interface DeadlineOwner {
  /** Acts on every deadline that has passed. Returns when the next one is due; Infinity: never. */
  onDue(nowMs: number): number;
}

/**
 * One deadline for all that a connection waits for. It is armed for the earliest, and looks at
 * everything when that has passed: a request moves no entry of the wheel.
 */
export class ConnectionTimer extends Deadline {
  readonly #reactor: Reactor;
  readonly #owner: DeadlineOwner;

  constructor(reactor: Reactor, owner: DeadlineOwner) {
    super();
    this.#reactor = reactor;
    this.#owner = owner;
  }

  /** Something is due in `delayMs`; 0 or Infinity: nothing is. */
  armIn(delayMs: number): void {
    if (delayMs === 0) return;
    const dueMs = this.#reactor.nowMs + delayMs;
    if (dueMs < this.deadlineMs) this.#reactor.wheel.arm(this, dueMs);
  }

  disarm(): void {
    this.#reactor.wheel.disarm(this);
  }

  override onDeadline(nowMs: number): void {
    this.deadlineMs = Infinity;
    const dueMs = this.#owner.onDue(nowMs);
    if (dueMs < this.deadlineMs) this.#reactor.wheel.arm(this, dueMs);
  }
}
