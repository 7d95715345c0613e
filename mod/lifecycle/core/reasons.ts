/** Wait statuses as text and as exit codes. */
import { signalName } from "../../process/signals/signals.ts";

/** `exit code 1`, `killed by TERM`; null is a process that is not our child: `died`. */
export function describeStatus(status: number | null): string {
  if (status === null) return "died";
  const signal = status & 0x7f;
  return signal === 0 ? `exit code ${status >> 8 & 0xff}` : `killed by ${signalName(signal)}`;
}

/**
 * The parent's exit code when this start was the last attempt: the worker's, or 128 plus the
 * signal's number as in a shell. Exit code 0 before the worker was ready is a failure too: 1.
 */
export function failureExitCode(status: number | null): number {
  if (status === null) return 1;
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8 & 0xff) || 1 : 128 + signal;
}
