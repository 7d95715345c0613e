/**
 * The load threads of one run: the main thread, and a worker for each further one. A worker costs
 * about 20 MB, so the main thread sends too instead of waiting.
 */
import { exitCodes } from "../../base/errors.ts";
import type { LoadThread } from "./load_thread.ts";
import { LoadWorker } from "./load_worker.ts";
import { statsBytes, ThreadStats } from "../stats/thread_stats.ts";
import { assembleThread } from "./thread_parts.ts";
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";

/** Time a script may take before the run, even with a shorter -d. */
const preparationMinMs = 5000;
/** A thread that is this late after the end of the run is pinged. */
const lateEndMs = 500;

export class WorkerPool {
  readonly stats: ThreadStats[] = [];
  readonly #plans: readonly ThreadPlan[];
  #local: LoadThread | null = null;
  readonly #workers: LoadWorker[] = [];
  readonly #isMetered: boolean;
  #isGathered = false;

  /** `isMetered`: another thread reads the statistics of this one, too. */
  constructor(plans: readonly ThreadPlan[], isMetered = false) {
    this.#plans = plans;
    this.#isMetered = isMetered;
  }

  /** Prepares every thread. Throws `StartError`. */
  async gather(): Promise<void> {
    const plans = this.#plans;
    // A script has its own global object in each thread, even with a single thread.
    const locals = plans[0].script === null ? 1 : 0;
    const watch = setTimeout(
      () => this.#endStuck(exitCodes.failed),
      Math.max(preparationMinMs, finite(plans[0].warmupMs + plans[0].durationMs)),
    );
    try {
      await Promise.all([
        ...plans.slice(locals).map((plan) => this.#addWorker(plan)),
        ...plans.slice(0, locals).map((plan) => this.#addLocal(plan)),
      ]);
      this.#isGathered = true;
    } catch (error) {
      this.#dismiss();
      throw error;
    } finally {
      clearTimeout(watch);
    }
  }

  async #addLocal(plan: ThreadPlan): Promise<void> {
    const stats = this.#isMetered
      ? new ThreadStats(new SharedArrayBuffer(statsBytes(plan.extraTimes)), plan.extraTimes)
      : ThreadStats.make(plan.extraTimes);
    this.stats[plan.index - this.#plans[0].index] = stats;
    this.#local = await assembleThread(plan, stats);
  }

  async #addWorker(plan: ThreadPlan): Promise<void> {
    const memory = new SharedArrayBuffer(statsBytes(plan.extraTimes));
    this.stats[plan.index - this.#plans[0].index] = new ThreadStats(memory, plan.extraTimes);
    const worker = new LoadWorker(plan.script?.name ?? null);
    this.#workers.push(worker);
    await worker.request({ kind: "plan", plan, memory, mark: worker.markMemory }, "ready");
  }

  /** Runs from `startMs` (clock of `performance.now()` here) to the end. Throws `StartError`. */
  async run(startMs: number): Promise<ThreadOutcome[]> {
    const epochMs = performance.timeOrigin + startMs;
    const answers = this.#workers.map(async (worker) =>
      (await worker.request({ kind: "start", epochMs }, "done")).outcome
    );
    const [{ warmupMs, durationMs, drainMs }] = this.#plans;
    const endMs = startMs + warmupMs + durationMs + drainMs;
    const watch = endMs === Infinity ? 0 : setTimeout(
      () => this.#endStuck(exitCodes.failed),
      endMs + lateEndMs - performance.now(),
    );
    try {
      return await Promise.all(
        this.#local === null ? answers : [this.#local.run(startMs), ...answers],
      );
    } finally {
      clearTimeout(watch);
      // A failed thread ends the others.
      this.#dismiss();
    }
  }

  /** Ends the run early; `exitCode` is used when a script blocks the end. */
  stop(exitCode: number): void {
    this.#local?.stop();
    for (const worker of this.#workers) worker.send({ kind: "stop" });
    // Before the run a script may wait without end, in an async init().
    this.#endStuck(exitCode, !this.#isGathered);
  }

  #endStuck(exitCode: number, evenAlive = false): void {
    if (this.#plans[0].script === null) return;
    for (const worker of this.#workers) void worker.endIfStuck(exitCode, evenAlive);
  }

  #dismiss(): void {
    this.#local?.stop();
    for (const worker of this.#workers) worker.terminate();
  }
}

function finite(ms: number): number {
  return ms === Infinity ? 0 : ms;
}
