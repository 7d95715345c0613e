/** Whether the runs of several machines were one load on the server, from their times. Pure. */

/** When a run began, and how long it measured. */
export interface RunTime {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly measuredMs: number;
}

/** Less of the time in common than this share: the machines did not load the server together. */
const commonShareMin = 0.9;

/** From the first start to the last end, and what all runs have in common, in milliseconds. */
export function timesOf(
  runs: readonly RunTime[],
): { readonly spanMs: number; readonly commonMs: number; readonly longestMs: number } {
  const starts = runs.map((run) => Date.parse(run.startedAt));
  const ends = runs.map((run, index) => starts[index] + run.measuredMs);
  return {
    spanMs: Math.max(...ends) - Math.min(...starts),
    commonMs: Math.max(0, Math.min(...ends) - Math.max(...starts)),
    longestMs: Math.max(...runs.map((run) => run.measuredMs)),
  };
}

export function ranTogether(runs: readonly RunTime[]): boolean {
  const { commonMs, longestMs } = timesOf(runs);
  return commonMs >= commonShareMin * longestMs;
}

/** What the rates of the sum refer to: the time of the longest run, or all of the time. */
export function measuredMsOf(runs: readonly RunTime[]): number {
  const { spanMs, longestMs } = timesOf(runs);
  return ranTogether(runs) ? longestMs : spanMs;
}
