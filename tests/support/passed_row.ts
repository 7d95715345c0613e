/** What a worker finds of a row that a master passes, here in one process. */
import type { PassedRow } from "../../mod/process/workers/board_rows.ts";
import { libc } from "../../mod/sys/libc.ts";
import { F } from "../../mod/sys/descriptor_flags.ts";

/** Lets `pass` pass a row as a free number, and takes the descriptor over; returns the variables. */
export function takePassedRow(pass: (number: number) => PassedRow): Record<string, string> {
  const free = libc.fcntl(0, F.dupfdCloexec, 3);
  libc.close(free);
  const { variables, descriptors } = pass(free);
  for (const { ours, number } of descriptors) libc.fcntl(ours, F.dupfdCloexec, number);
  return { ...variables };
}
