import { Schedule } from "../../plan/schedule.ts";
import type { ThreadPlan } from "../../plan/thread_plan.ts";

/** One thread's share of the run's schedule: every `threadCount`-th request. */
export class ThreadSchedule {
  /** When the next request is due, on the clock of `begin`; Infinity after the last one. */
  nextDueMs = Infinity;
  readonly #plan: ThreadPlan;
  readonly #schedule: Schedule;
  #startMs = 0;
  /** Requests taken so far, and those of the warm-up among them. */
  #taken = 0;
  #warmDue = 0;

  constructor(plan: ThreadPlan, stages: NonNullable<ThreadPlan["stages"]>) {
    this.#plan = plan;
    this.#schedule = new Schedule(stages);
  }

  begin(startMs: number): void {
    this.#startMs = startMs;
    const { warmupMs } = this.#plan;
    // One that is due at the very end of the warm-up is measured.
    const warm = warmupMs === 0 ? 0 : this.#schedule.dueCount(warmupMs - 1e-6);
    this.#warmDue = this.#shareOf(warm);
    this.nextDueMs = this.#dueMs(0);
  }

  /**
   * The warm-up is over: drops those of its requests that were never sent, and returns how many. Sent
   * now, they would keep a server that is slower than the rate from every measured request.
   */
  dropWarmup(): number {
    const dropped = Math.max(0, this.#warmDue - this.#taken);
    if (dropped === 0) return 0;
    this.#taken = this.#warmDue;
    this.nextDueMs = this.#dueMs(this.#taken);
    return dropped;
  }

  /** Takes the next request; returns when it was due. */
  take(): number {
    const dueMs = this.nextDueMs;
    this.nextDueMs = this.#dueMs(++this.#taken);
    return dueMs;
  }

  /** Requests that were due until `nowMs`, after the warm-up. */
  measuredDue(nowMs: number): number {
    const due = this.#shareOf(this.#schedule.dueCount(nowMs - this.#startMs));
    return Math.min(Math.max(0, due - this.#warmDue), this.#plan.requestCount);
  }

  /** Requests that are due at `nowMs` and not taken. */
  overdue(nowMs: number): number {
    if (this.nextDueMs > nowMs) return 0;
    return this.#shareOf(this.#schedule.dueCount(nowMs - this.#startMs)) - this.#taken;
  }

  /** Requests taken after the warm-up. */
  get measuredTaken(): number {
    return Math.max(0, this.#taken - this.#warmDue);
  }

  #dueMs(position: number): number {
    const { index, threadCount, requestCount } = this.#plan;
    if (position - this.#warmDue >= requestCount) return Infinity;
    return this.#startMs + this.#schedule.dueMs(index + position * threadCount);
  }

  /** Requests of the first `total` of the schedule that are this thread's. */
  #shareOf(total: number): number {
    return Math.max(0, Math.ceil((total - this.#plan.index) / this.#plan.threadCount));
  }
}
