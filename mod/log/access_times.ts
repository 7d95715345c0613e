/** Start and end times of the phases of an exchange. */
import type { Timing } from "./access_record.ts";

/** One per logged connection, reused for each of its exchanges. */
export class AccessTimes {
  /** All in monotonic milliseconds; negative: not happened yet. */
  openedMs = -1;
  receivedMs = -1;
  startMs = -1;
  bodyEndMs = -1;
  /** The response head was written. */
  responseMs = -1;
  endMs = -1;

  /** Called when the request head is complete; `openedMs` is the connection's. */
  begin(
    openedMs: number,
    exchange: { readonly receivedMs: number; readonly startMs: number },
  ): void {
    this.openedMs = openedMs;
    this.receivedMs = exchange.receivedMs;
    this.startMs = exchange.startMs;
    this.bodyEndMs = this.responseMs = this.endMs = -1;
  }

  /** Duration of a phase in milliseconds; -1 when not reached, and for the proxy's own phases. */
  of(timing: Timing): number {
    const readyMs = Math.max(this.startMs, this.bodyEndMs);
    switch (timing) {
      case "connect":
        return this.receivedMs - this.openedMs;
      case "request-header":
        return this.startMs - this.receivedMs;
      case "request-body":
        return readyMs - this.startMs;
      case "request-total":
        return readyMs - this.receivedMs;
      case "process":
        // A handler may answer before the request is complete.
        return this.responseMs < 0 ? -1 : Math.max(0, this.responseMs - readyMs);
      case "response":
        return this.responseMs < 0 ? -1 : this.endMs - this.responseMs;
      case "total":
        return this.endMs - this.receivedMs;
    }
    return -1;
  }
}
