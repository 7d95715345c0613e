/** Wait statuses in words. */
import { signalName } from "../process/signals.ts";

/** `exit code 1`, `killed by TERM`; null stands for a process whose status only its parent knows. */
export function describeStatus(status: number | null): string {
  if (status === null) return "died";
  const signal = status & 0x7f;
  return signal === 0 ? `exit code ${status >> 8 & 0xff}` : `killed by ${signalName(signal)}`;
}
