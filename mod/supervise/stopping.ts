/** From a stop signal to the workers' end: the shutdown delay, and the queues of other programs. */
import { isServing, type StopSignal } from "../lifecycle/core/state.ts";
import type { Runner } from "../lifecycle/runner.ts";
import { delay } from "../std/async.ts";
import type { HeldSockets } from "./sockets/held_sockets.ts";

/**
 * At shutdown, other programs have this long to accept what is queued before they are signalled to
 * end, as they may not accept any more then. Our own modes do, and are signalled at once: see
 * SocketLease.
 */
const queueEndMs = 3000;
const queuePollMs = 5;

export interface StoppingParts {
  readonly runner: Runner;
  readonly sockets: HeldSockets;
  readonly shutdownDelayMs: number;
  /** The workers, or another supervisor, serve what is queued after their signal. */
  emptiesQueues(): boolean;
  onLeaving(delayMs: number): void;
}

export class Stopping {
  readonly #parts: StoppingParts;
  /** The queues of other programs are being emptied, or are empty. */
  #hasBegun = false;
  /** The timer of the shutdown delay; null: it is not running. */
  #leaving: number | null = null;

  constructor(parts: StoppingParts) {
    this.#parts = parts;
  }

  /** The shutdown delay runs. */
  get isLeaving(): boolean {
    return this.#leaving !== null;
  }

  /**
   * The first TERM waits for the shutdown delay, which another signal cuts short. The first stop waits
   * for the queues of other programs; a second one does not.
   */
  stop(signal: StopSignal): void {
    const { runner, shutdownDelayMs } = this.#parts;
    if (this.#leaving !== null) this.#endDelay(signal);
    else if (signal === "TERM" && shutdownDelayMs > 0 && this.#mayLeave()) {
      this.#parts.onLeaving(shutdownDelayMs);
      this.#leaving = setTimeout(() => this.#endDelay(signal), shutdownDelayMs);
      runner.leave();
    } else this.#stopNow(signal);
  }

  /** Once, and only while somebody serves. */
  #mayLeave(): boolean {
    const { state } = this.#parts.runner;
    return !this.#hasBegun && state.phase === "running" && !state.isLeaving && isServing(state);
  }

  #endDelay(signal: StopSignal): void {
    clearTimeout(this.#leaving ?? 0);
    this.#leaving = null;
    this.#stopNow(signal);
  }

  #stopNow(signal: StopSignal): void {
    const { runner } = this.#parts;
    if (this.#hasBegun || this.#parts.emptiesQueues()) return runner.stop(signal);
    this.#hasBegun = true;
    void this.#emptyQueues().then(() => {
      if (runner.state.phase === "running") runner.stop(signal);
    });
  }

  /** Waits until workers have accepted what is queued; they do until they are signalled to end. */
  async #emptyQueues(): Promise<void> {
    const { runner, sockets } = this.#parts;
    if (!runner.state.slots.some(({ current }) => current !== null)) return;
    sockets.shutQueues();
    const deadlineMs = performance.now() + queueEndMs;
    while (sockets.hasWaiting && performance.now() < deadlineMs) {
      await delay(queuePollMs);
    }
  }
}
