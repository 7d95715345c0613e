/** Looks after running workers: who hangs, who has grown too large. */
import type { RowReading } from "./scoreboard.ts";

/** What was seen of a worker last. */
export interface Sighting {
  beat: number;
  /** Monotonic milliseconds of the last change of `beat`. */
  beatMs: number;
}

/**
 * Why a worker is to be killed, or null. Its loop has stood still for `timeoutMs`: only a handler
 * that never yields does that.
 */
export function judgeBeat(
  sighting: Sighting,
  row: RowReading,
  nowMs: number,
  nowEpochMs: number,
  timeoutMs: number,
): string | null {
  if (row.beat !== sighting.beat) {
    sighting.beat = row.beat;
    sighting.beatMs = nowMs;
    return null;
  }
  if (row.beat === 0 || nowMs - sighting.beatMs < timeoutMs) return null;
  const request = row.request === "" ? "no request" : row.request;
  const ageMs = row.requestStartMs === 0 ? 0 : Math.round(nowEpochMs - row.requestStartMs);
  return `blocked for ${Math.round(nowMs - sighting.beatMs)} ms by ${request} ` +
    `(begun ${ageMs} ms ago)`;
}

/** Resident bytes of a process, 0 when it is gone (proc(5), statm). */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ")[1]);
    return pages * 4096;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
