import type { TickHandler } from "../reactor.ts";
import type { PortableReactor } from "./portable_reactor.ts";

/**
 * Calls the tick handler. Deno's loop has no ticks of ours: what runs between two of its turns
 * counts as one, so the call comes in a microtask behind the callbacks, and again when the time that
 * the handler allowed is over.
 */
export class TickDriver {
  readonly reactor: PortableReactor;
  handler: TickHandler | null = null;
  #isRequested = false;
  #timer: number | null = null;
  /** When `#timer` fires. */
  #timerDueMs = Infinity;

  constructor(reactor: PortableReactor) {
    this.reactor = reactor;
  }

  /** Has the handler called soon, once, however often it is asked for. */
  request(): void {
    if (this.#isRequested || this.handler === null || !this.reactor.isRunning) return;
    this.#isRequested = true;
    queueMicrotask(this.#tick);
  }

  readonly #tick = (): void => {
    this.#isRequested = false;
    if (this.handler === null || !this.reactor.isRunning) return;
    this.reactor.beforeCallback();
    try {
      this.#arm(this.reactor.nowMs + this.handler.onTick(this.reactor.nowMs));
      this.reactor.leaveCallback();
    } catch (error) {
      this.reactor.fail(error);
    }
  };

  /** Keeps an earlier timer: an unneeded tick is cheaper than a new timer on each. */
  #arm(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerDueMs = Infinity;
      this.#tick();
    }, Math.max(0, dueMs - performance.now()));
    Deno.unrefTimer(this.#timer);
  }
}
