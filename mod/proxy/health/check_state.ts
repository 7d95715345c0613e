/** Tengine's state machine for one checked peer: counters, and when they mark it up or down. */

import { shortLine } from "../../base/short_line.ts";
import type { CheckType } from "../plan/check_plan.ts";

/** Effect of a probe's result on the peer. */
export type Transition = "up" | "down" | "none";

export class CheckState {
  /** Consecutive successes and failures; unbounded, since the status page shows them. */
  riseCount = 0;
  fallCount = 0;
  isDown: boolean;

  constructor(readonly rise: number, readonly fall: number, defaultDown: boolean) {
    this.isDown = defaultDown;
  }

  /** Records a result: up after `rise` consecutive successes, down after `fall` failures. */
  note(success: boolean): Transition {
    if (success) {
      this.riseCount++;
      this.fallCount = 0;
      if (!this.isDown || this.riseCount < this.rise) return "none";
      this.isDown = false;
      return "up";
    }
    this.fallCount++;
    this.riseCount = 0;
    if (this.isDown || this.fallCount < this.fall) return "none";
    this.isDown = true;
    return "down";
  }
}

/** Why a probe failed. */
export type ProbeFault =
  | "timeout"
  | "closed"
  | "statusLine"
  | "status"
  | "match"
  | "handshake"
  | "command"
  | "refused";

/** The line that Tengine logs for a failed probe, with its trailing blank; null: it logs none. */
export function probeFaultLine(
  fault: ProbeFault,
  address: string,
  type: CheckType = "http",
): string | null {
  switch (fault) {
    case "timeout":
      return `check time out with peer: ${address} `;
    case "status":
    case "match":
    case "handshake":
    case "command":
      return `check protocol ${type} error with peer: ${address} `;
    case "statusLine":
      return `http parse status line error with peer: ${address} `;
    case "closed":
      return `check peer closed connection with an incomplete response, peer: ${address} `;
    case "refused":
      return null;
  }
}

/** Most characters of a note that are kept: it may quote what a peer has sent. */
const noteCharsMax = 200;

/** Why a probe failed, as a phrase for operators. `note`: what the probe itself says, or "". */
export function probeFaultReason(fault: ProbeFault, note: string, timeoutMs: number): string {
  const short = shortLine(note, noteCharsMax);
  const phrase = {
    timeout: `no result within ${timeoutMs / 1000} s`,
    closed: "the connection was closed before the answer was complete",
    statusLine: "the answer is not HTTP",
    handshake: "the TLS handshake failed",
    status: "",
    match: "",
    command: "",
    refused: "",
  }[fault];
  if (phrase === "") return short === "" ? `it failed (${fault})` : short;
  return short === "" ? phrase : `${phrase}: ${short}`;
}

/** The line that Tengine logs when a peer goes up or down. */
export function transitionLine(transition: "up" | "down", address: string): string {
  return `${transition === "up" ? "enable" : "disable"} check peer: ${address} `;
}
