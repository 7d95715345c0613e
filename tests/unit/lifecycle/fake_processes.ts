/** A clock, timers and signals without processes: the test lets time pass. */
import type { realProcesses } from "../../../mod/lifecycle/real_processes.ts";

interface Timer {
  readonly handle: number;
  readonly dueMs: number;
  readonly callback: () => void;
}

export class FakeProcesses {
  #nowMs = 0;
  #timers: Timer[] = [];
  #lastHandle = 0;

  /** `onSignal` gets each signal as `TERM 101`. */
  constructor(readonly onSignal: (text: string) => void) {}

  readonly system: typeof realProcesses = {
    nowMs: () => this.#nowMs,
    signal: (pid, name) => this.onSignal(`${name} ${pid}`),
    setTimer: (delayMs, callback) => {
      const handle = ++this.#lastHandle;
      this.#timers.push({ handle, dueMs: this.#nowMs + delayMs, callback });
      return handle;
    },
    clearTimer: (handle) => {
      this.#timers = this.#timers.filter((timer) => timer.handle !== handle);
    },
  };

  /** Lets time pass, timer by timer. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (true) {
      this.#timers.sort((a, b) => a.dueMs - b.dueMs || a.handle - b.handle);
      const next = this.#timers[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers.shift();
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }
}
