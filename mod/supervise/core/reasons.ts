/** Wait statuses in words. */
import { signalName } from "../../process/signals.ts";

/** `exit code 1`, `killed by TERM`; null stands for a process whose status only its parent knows. */
export function describeStatus(status: number | null): string {
  if (status === null) return "died";
  const signal = status & 0x7f;
  return signal === 0 ? `exit code ${status >> 8 & 0xff}` : `killed by ${signalName(signal)}`;
}

/**
 * What the supervisor ends with when this start was the last attempt: the worker's exit code, or 128 and
 * the signal's number as a shell has it. A worker that ended with 0 before it was ready has failed, too.
 */
export function failureExitCode(status: number | null): number {
  if (status === null) return 1;
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8 & 0xff) || 1 : 128 + signal;
}
