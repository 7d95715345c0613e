/** A closed loop's waits between connects that fail: 10 ms, doubled up to 250 ms. */
const restFirstMs = 10;
const restMaxMs = 250;

/** Milliseconds to wait after `streak` consecutive failed connects. */
export function restAfter(streak: number): number {
  return Math.min(restMaxMs, restFirstMs * 2 ** Math.min(10, streak - 1));
}
