/** How late the event loop is: a handler that does not yield delays everybody else. */

/** A timer this often costs nothing that could be measured. */
const everyMs = 250;
/** A delay is shown for one to two windows, so that no scrape every 15 s misses it by much. */
const windowMs = 10_000;

export interface LagClock {
  readonly nowMs: number;
  setTimer(delayMs: number, callback: () => void): number;
}

/** Calls `note` with the longest delay of the last ten to twenty seconds. Runs until the loop ends. */
export function watchLoopLag(clock: LagClock, note: (lagMs: number) => void): void {
  let previous = 0;
  let longest = 0;
  let windowEndMs = clock.nowMs + windowMs;
  let dueMs = clock.nowMs + everyMs;
  const look = () => {
    const { nowMs } = clock;
    longest = Math.max(longest, nowMs - dueMs);
    note(Math.max(previous, longest));
    if (nowMs >= windowEndMs) {
      previous = longest;
      longest = 0;
      windowEndMs = nowMs + windowMs;
    }
    dueMs = nowMs + everyMs;
    clock.setTimer(everyMs, look);
  };
  clock.setTimer(everyMs, look);
}
