/** The load threads of one run: this very thread when one is enough, else one worker each. */
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
  | { readonly kind: "failed"; readonly message: string };

export interface Crew {
  readonly stats: readonly ThreadStats[];
  /** Runs from `startMs` (clock of `performance.now()` here) to the end. */
  run(startMs: number): Promise<ThreadOutcome[]>;
  /** Ends the run early. */
  stop(): void;
}

/** Has every thread ready to start. */
export async function gatherCrew(plans: readonly ThreadPlan[]): Promise<Crew> {
  // A script has a world of its own in each thread, also when there is only one.
  const isLocal = plans.length === 1 && plans[0].script === null;
  return isLocal ? await LocalCrew.create(plans[0]) : await WorkerCrew.create(plans);
}

class LocalCrew implements Crew {
  readonly stats: readonly ThreadStats[];
  readonly #thread: LoadThread;

  private constructor(thread: LoadThread, stats: ThreadStats) {
    this.#thread = thread;
    this.stats = [stats];
  }

  static async create(plan: ThreadPlan): Promise<LocalCrew> {
    const stats = new ThreadStats(new ArrayBuffer(ThreadStats.byteLength));
    return new LocalCrew(await assembleThread(plan, stats), stats);
  }

  async run(startMs: number): Promise<ThreadOutcome[]> {
    return [await this.#thread.run(startMs)];
  }

  stop(): void {
    this.#thread.stop();
  }
}

class WorkerCrew implements Crew {
  readonly stats: ThreadStats[] = [];
  readonly #workers: Worker[] = [];

  static async create(plans: readonly ThreadPlan[]): Promise<WorkerCrew> {
    const crew = new WorkerCrew();
    await Promise.all(plans.map((plan) => crew.#add(plan)));
    return crew;
  }

  async #add(plan: ThreadPlan): Promise<void> {
    const memory = new SharedArrayBuffer(ThreadStats.byteLength);
    this.stats[plan.index] = new ThreadStats(memory);
    const worker = new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });
    this.#workers[plan.index] = worker;
    const ready = answerOf(worker, "ready");
    post(worker, { kind: "plan", plan, memory });
    await ready;
  }

  async run(startMs: number): Promise<ThreadOutcome[]> {
    const epochMs = performance.timeOrigin + startMs;
    const answers = this.#workers.map((worker) => answerOf(worker, "done"));
    for (const worker of this.#workers) post(worker, { kind: "start", epochMs });
    try {
      return (await Promise.all(answers)).map((answer) => answer.outcome);
    } finally {
      for (const worker of this.#workers) worker.terminate();
    }
  }

  stop(): void {
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
      else if (data.kind === "failed") reject(new StartError(data.message));
      else reject(new Error(`a load thread said ${data.kind} in place of ${kind}`));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`a load thread failed: ${event.message}`));
    };
  });
}
