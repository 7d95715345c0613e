/** The clock, the timers and the signals of a real `System`. */
import { sendSignal } from "../process/signals/signals.ts";
import type { System } from "./runner.ts";

/** setTimeout takes a signed 32-bit integer; a longer delay would fire at once. */
const timerMaxMs = 2 ** 31 - 1;

export const realProcesses: Pick<System, "nowMs" | "signal" | "setTimer" | "clearTimer"> = {
  /** Monotonic milliseconds. */
  nowMs: () => performance.now(),
  signal: (pid, name) => void sendSignal(pid, name),
  setTimer: (delayMs, callback) => setTimeout(callback, Math.min(delayMs, timerMaxMs)),
  clearTimer: (handle) => clearTimeout(handle),
};
