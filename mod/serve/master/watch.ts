/** Detects workers that hang, and reads their memory. */
import type { RowReading } from "../worker/scoreboard.ts";

/** The last heartbeat seen of a worker. */
export interface Sighting {
  beat: number;
  /** Monotonic milliseconds of the last change of `beat`. */
  beatMs: number;
}

/**
 * The reason to kill a worker, or null. Its event loop has been blocked for `timeoutMs`, which only
 * a handler that does not yield can cause.
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
    `(started ${ageMs} ms ago)`;
}

/** Resident bytes of a process, 0 when it has exited (proc(5), statm). */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ")[1]);
    return pages * 4096;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
