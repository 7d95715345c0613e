import type { TickHandler } from "../reactor.ts";
import type { PortableReactor } from "./portable_reactor.ts";

/**
 * Calls the tick handler. Deno's loop has no ticks of ours: everything between two of its turns
 * counts as one tick. So the handler is called in a microtask after the callbacks, and again when
 * the time that it returned has passed.
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

  /** Schedules one call of the handler, however often it is requested. */
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

  /** Keeps an earlier timer: a superfluous tick is cheaper than a new timer each time. */
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
