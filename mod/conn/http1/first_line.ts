import { latin1 } from "../../http/latin1.ts";

/** Longer lines are truncated in logs. */
const lineBytesMax = 8192;

/** The first line of `[start, end)` as Latin-1, up to CR or LF, after any empty lines. */
export function firstLine(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  while (from < end && (bytes[from] === 0x0d || bytes[from] === 0x0a)) from++;
  let to = from;
  const limit = Math.min(end, from + lineBytesMax);
  while (to < limit && bytes[to] !== 0x0d && bytes[to] !== 0x0a) to++;
  return latin1(bytes, from, to);
}
