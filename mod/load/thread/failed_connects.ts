/** What follows a failed connect: some failures are not the server's, and another attempt may do. */
import { Slot } from "../stats/thread_stats.ts";
import type { LaneParts } from "./lane.ts";
import type { Connecting } from "./thread_sockets.ts";

/** Connect at once, connect after a millisecond, or give the attempt up. */
export type AfterConnect = "again" | "rest" | "failed";

export class FailedConnects {
  /** When connect(2) started to return EAGAIN; 0: it does not. */
  #backlogFullSinceMs = 0;

  /** A connect has succeeded, or was given up. */
  reset(): void {
    this.#backlogFullSinceMs = 0;
  }

  /** Counts the failure with `code` when it is one of this host. */
  after(
    { plan, sockets, recorder }: Pick<LaneParts, "plan" | "sockets" | "recorder">,
    connection: Connecting,
    code: string,
    nowMs: number,
  ): AfterConnect {
    if (code === "EAGAIN") {
      // Only a unix socket returns this: its accept queue is full, and the next attempt may go through.
      if (this.#backlogFullSinceMs === 0) this.#backlogFullSinceMs = nowMs;
      if (nowMs - this.#backlogFullSinceMs >= plan.timeoutMs) return "failed";
      recorder.count(Slot.backlogFull);
      return "rest";
    }
    if (code !== "EADDRNOTAVAIL") return "failed";
    recorder.count(Slot.portsExhausted);
    return sockets.takeNextSource(connection) ? "again" : "failed";
  }
}
