/** When the phases of an exchange began and ended. */
import type { Timing } from "./access_record.ts";

/** One for each connection that is logged, filled again for each of its exchanges. */
export class AccessTimes {
  /** Monotonic milliseconds, all of them; negative: it has not happened. */
  openedMs = -1;
  receivedMs = -1;
  startMs = -1;
  bodyEndMs = -1;
  /** The response's head was handed over. */
  responseMs = -1;
  endMs = -1;

  /** The head is complete; `openedMs` and `receivedMs` are those of the exchange. */
  begin(
    x: { readonly openedMs: number; readonly receivedMs: number; readonly startMs: number },
  ): void {
    this.openedMs = x.openedMs;
    this.receivedMs = x.receivedMs;
    this.startMs = x.startMs;
    this.bodyEndMs = this.responseMs = this.endMs = -1;
  }

  /** Milliseconds that a phase took; -1 when it was not reached. The proxy's phases are not known here. */
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
        // A handler may answer before it has all of the request.
        return this.responseMs < 0 ? -1 : Math.max(0, this.responseMs - readyMs);
      case "response":
        return this.responseMs < 0 ? -1 : this.endMs - this.responseMs;
      case "total":
        return this.endMs - this.receivedMs;
    }
    return -1;
  }
}
