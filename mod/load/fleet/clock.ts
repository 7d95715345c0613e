/** How a machine's clock differs from ours, from the times of messages there and back (RFC 5905 8). */
import { delay } from "../../std/async.ts";
import type { RemoteMachine } from "./remote_machine.ts";

/** The quickest of these counts. */
const pings = 10;
/** So that one delay on the way does not meet them all. */
const pauseMs = 5;

/** Sets the machine's offset and its error. The error is at most half the time there and back. */
export async function measureClock(machine: RemoteMachine): Promise<void> {
  let bestMs = Infinity;
  for (let id = 0; id < pings; id++) {
    const sentMs = performance.now();
    const sentClockMs = Date.now();
    const pong = await machine.ask({ kind: "ping", id }, "pong");
    if (pong === null) return;
    const tripMs = performance.now() - sentMs;
    if (tripMs < bestMs) {
      bestMs = tripMs;
      machine.clockOffsetMs = pong.clockMs - (sentClockMs + tripMs / 2);
      // Date.now() counts whole milliseconds at both ends.
      machine.clockErrorMs = tripMs / 2 + 1;
    }
    await delay(pauseMs);
  }
}
