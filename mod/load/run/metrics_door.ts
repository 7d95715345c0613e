/** The main thread's end of `--metrics`: starts the thread that answers, and tells it of the runs. */
import type { Address } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { getVariable } from "../../process/environment.ts";
import { delay } from "../../std/async.ts";
import type { ThreadPlan } from "../plan/thread_plan.ts";
import type { ThreadStats } from "../stats/thread_stats.ts";
import { LoadWorker } from "../thread/load_worker.ts";

/** How long the end of the program waits for the thread. */
const closeLimitMs = 2000;

export class MetricsDoor {
  readonly #worker: LoadWorker;

  private constructor(worker: LoadWorker) {
    this.#worker = worker;
  }

  /** Listens at `address`. Throws `StartError` when that is not possible. */
  static async open(address: Address): Promise<MetricsDoor> {
    const worker = new LoadWorker(null);
    const reactor = getVariable("HAYATE_REACTOR") ?? "";
    try {
      await worker.request({ kind: "openMetrics", address, reactor }, "metricsOpened");
      return new MetricsDoor(worker);
    } catch (error) {
      worker.terminate();
      if (!(error instanceof StartError)) throw error;
      throw new StartError(`--metrics: ${error.message}`, error.exitCode);
    }
  }

  /** A run is ready; its threads count in shared memory. */
  meter(stats: readonly ThreadStats[], { stages, warmupMs, replay, extraTimes }: ThreadPlan): void {
    this.#worker.send({
      kind: "meter",
      run: {
        memories: stats.map(({ counters }) => counters.buffer as SharedArrayBuffer),
        extraTimes,
        stages,
        warmupMs,
        isOpenLoop: stages !== null || replay !== null,
      },
    });
  }

  /** It starts at `startMs`, on the clock of `performance.now()`. */
  start(startMs: number): void {
    this.#worker.send({ kind: "meterStart", epochMs: performance.timeOrigin + startMs });
  }

  end(): void {
    this.#worker.send({ kind: "meterEnd" });
  }

  /** Stops listening, and removes the socket's file. A thread that has failed does not answer. */
  async close(): Promise<void> {
    const closed = this.#worker.request({ kind: "closeMetrics" }, "metricsClosed");
    await Promise.race([closed, delay(closeLimitMs)]);
    this.#worker.terminate();
  }
}

/** Runs `act` with the metrics at `address`; null: without them. Throws `StartError`. */
export async function withMetrics(
  address: Address | null,
  act: (metrics: MetricsDoor | null) => Promise<number>,
): Promise<number> {
  if (address === null) return await act(null);
  const metrics = await MetricsDoor.open(address);
  try {
    return await act(metrics);
  } finally {
    await metrics.close();
  }
}
