/**
 * The load threads of one run: this very thread, and a worker for each further one. A worker costs
 * some 20 MB, which is why the main thread does not stand by while others work.
 */
import { StartError } from "../base/errors.ts";
import type { LoadThread } from "./load_thread.ts";
import { ThreadStats } from "./stats.ts";
import { assembleThread } from "./thread_parts.ts";
import type { ThreadOutcome, ThreadPlan } from "./thread_plan.ts";

/** What the main thread tells a worker. */
export type ToWorker =
  | { readonly kind: "plan"; readonly plan: ThreadPlan; readonly memory: SharedArrayBuffer }
  /** On the clock of `performance.timeOrigin + performance.now()`. */
  | { readonly kind: "start"; readonly epochMs: number }
  | { readonly kind: "stop" };

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly outcome: ThreadOutcome }
  | { readonly kind: "failed"; readonly message: string; readonly exitCode: number };

export interface Crew {
  readonly stats: readonly ThreadStats[];
  /** Runs from `startMs` (clock of `performance.now()` here) to the end. */
  run(startMs: number): Promise<ThreadOutcome[]>;
  /** Ends the run early. */
  stop(): void;
}

/** Has every thread ready to start. */
export async function gatherCrew(plans: readonly ThreadPlan[]): Promise<Crew> {
  const crew = new MixedCrew();
  await crew.gather(plans);
  return crew;
}

class MixedCrew implements Crew {
  readonly stats: ThreadStats[] = [];
  #local: LoadThread | null = null;
  readonly #workers: Worker[] = [];

  async gather(plans: readonly ThreadPlan[]): Promise<void> {
    // A script has a world of its own in each thread, also when there is only one.
    const locals = plans[0].script === null ? 1 : 0;
    await Promise.all([
      ...plans.slice(locals).map((plan) => this.#addWorker(plan)),
      ...plans.slice(0, locals).map((plan) => this.#addLocal(plan)),
    ]);
  }

  async #addLocal(plan: ThreadPlan): Promise<void> {
    const stats = new ThreadStats(new ArrayBuffer(ThreadStats.byteLength));
    this.stats[plan.index] = stats;
    this.#local = await assembleThread(plan, stats);
  }

  async #addWorker(plan: ThreadPlan): Promise<void> {
    const memory = new SharedArrayBuffer(ThreadStats.byteLength);
    this.stats[plan.index] = new ThreadStats(memory);
    const worker = new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });
    this.#workers.push(worker);
    const ready = answerOf(worker, "ready");
    post(worker, { kind: "plan", plan, memory });
    await ready;
  }

  async run(startMs: number): Promise<ThreadOutcome[]> {
    const epochMs = performance.timeOrigin + startMs;
    const answers = this.#workers.map(async (worker) => (await answerOf(worker, "done")).outcome);
    for (const worker of this.#workers) post(worker, { kind: "start", epochMs });
    try {
      return await Promise.all(
        this.#local === null ? answers : [this.#local.run(startMs), ...answers],
      );
    } finally {
      // One that failed ends the others.
      this.#local?.stop();
      for (const worker of this.#workers) worker.terminate();
    }
  }

  stop(): void {
    this.#local?.stop();
    for (const worker of this.#workers) post(worker, { kind: "stop" });
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

/** The worker's next message, which must be of `kind`; rejects when the worker fails. */
function answerOf<K extends FromWorker["kind"]>(
  worker: Worker,
  kind: K,
): Promise<Extract<FromWorker, { kind: K }>> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === kind) resolve(data as Extract<FromWorker, { kind: K }>);
      else if (data.kind === "failed") reject(new StartError(data.message, data.exitCode));
      else reject(new Error(`a load thread said ${data.kind} in place of ${kind}`));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`a load thread failed: ${event.message}`));
    };
  });
}
