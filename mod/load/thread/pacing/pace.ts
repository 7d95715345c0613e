/** When a thread's requests are due. Times are on the clock of `performance.now()`. */
export interface Pace {
  /** When the next request is due; Infinity after the last one. */
  readonly nextDueMs: number;
  /** Requests taken after the warm-up. */
  readonly measuredTaken: number;
  begin(startMs: number): void;
  /** The warm-up is over: drops those of its requests that were never sent; returns how many. */
  dropWarmup(): number;
  /** Takes the next request; returns when it was due. */
  take(): number;
  /** Requests that were due until `nowMs`, after the warm-up. Called once, at the end. */
  measuredDue(nowMs: number): number;
  /** About how many requests are due at `nowMs` and not taken. */
  overdue(nowMs: number): number;
}
