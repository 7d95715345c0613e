/** Waits for the time of day at which a run starts. */
import { delay } from "../../std/async.ts";

/** In steps, so that Ctrl-C and a clock that is set meanwhile are noticed. */
const stepMs = 100;

/** Resolves at `startAtMs` (since the epoch), or when `isInterrupted` returns true. */
export async function waitForClock(
  startAtMs: number,
  isInterrupted: () => boolean,
): Promise<void> {
  while (!isInterrupted() && Date.now() < startAtMs) {
    await delay(Math.min(stepMs, startAtMs - Date.now()));
  }
}
