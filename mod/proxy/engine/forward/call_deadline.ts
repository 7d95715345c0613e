import { Deadline } from "../../../base/timer_wheel.ts";
import type { Reactor } from "../../../net/reactor.ts";

/** The time limit that a gRPC client gives its call. One per exchange object, reused. */
export class CallDeadline extends Deadline {
  readonly #reactor: Reactor;
  readonly #onPassed: () => void;

  constructor(reactor: Reactor, onPassed: () => void) {
    super();
    this.#reactor = reactor;
    this.#onPassed = onPassed;
  }

  begin(timeoutMs: number): void {
    this.#reactor.wheel.arm(this, this.#reactor.nowMs + timeoutMs);
  }

  end(): void {
    this.#reactor.wheel.disarm(this);
  }

  override onDeadline(): void {
    this.#onPassed();
  }
}
