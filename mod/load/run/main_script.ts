/**
 * A script's `setup` before the run and `done` after it. They run in a worker of their own, so that
 * the main thread keeps handling signals and reports during an endless loop or an exit in them.
 */
import { exitCodes, StartError } from "../../base/errors.ts";
import { LoadWorker } from "../thread/load_worker.ts";
import type { LoadPlan } from "../plan/plan.ts";
import { readBody } from "../plan/prepare.ts";
import { basicCredentials } from "../request/request_bytes.ts";
import type { LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import type { ScriptPlan, WrkFields } from "../plan/thread_plan.ts";
import type { ScriptSummary } from "../script/hooks.ts";

/** Time a script may take before the run, even with a shorter -d. */
const preparationMinMs = 5000;

export class MainScript {
  readonly #plan: LoadPlan;
  readonly #name: string;
  readonly #worker: LoadWorker;
  readonly #fields: WrkFields;
  readonly #stdoutTaken: boolean;
  #interruptCode = 0;

  constructor(plan: LoadPlan, name: string) {
    this.#plan = plan;
    this.#name = name;
    this.#fields = fieldsOf(plan);
    this.#worker = new LoadWorker(name);
    const { json, csv, timeseries } = plan.output;
    this.#stdoutTaken = [json, csv, timeseries].includes("-");
  }

  /** Loads the script. Throws `StartError`. */
  async load(): Promise<void> {
    const { markMemory: mark } = this.#worker;
    const fields = this.#fields;
    await this.#watched(() =>
      this.#worker.request(
        { kind: "script", name: this.#name, fields, stdoutTaken: this.#stdoutTaken, mark },
        "loaded",
      )
    );
  }

  /**
   * Calls `setup` for each of `threadCount` threads; resolves to what each starts with. Throws
   * `StartError`.
   */
  async setup(threadCount: number): Promise<ScriptPlan[]> {
    const { threads } = await this.#watched(() =>
      this.#worker.request({ kind: "setup", threadCount }, "prepared")
    );
    const args = [this.#plan.targets[0]?.text ?? "", ...this.#plan.scriptArgs];
    const common = { name: this.#name, args, wrk: this.#fields, stdoutTaken: this.#stdoutTaken };
    return threads.map((thread) => ({ ...common, ...thread }));
  }

  /** Ends the script when it takes too long before the run. */
  async #watched<T>(act: () => Promise<T>): Promise<T> {
    const runMs = this.#plan.warmupMs + this.#plan.durationMs;
    const watch = setTimeout(
      () => void this.#worker.endIfStuck(exitCodes.failed),
      Math.max(preparationMinMs, runMs === Infinity ? 0 : runMs),
    );
    try {
      const answer = await act();
      if (this.#interruptCode === 0) return answer;
      throw new StartError("interrupted before the run", this.#interruptCode);
    } finally {
      clearTimeout(watch);
    }
  }

  /** Calls `done`; resolves to the exit code that the script asked for, null if none. */
  async done(result: LoadResult): Promise<number | null> {
    const { latency, counters } = result.stats;
    const { exitCode } = await this.#worker.request({
      kind: "finish",
      summary: summaryOf(counters, result.measuredMs),
      latency: Float64Array.from(latency.slots),
      rates: Float64Array.from(result.rates.slots),
      variables: result.threadVariables,
    }, "finished");
    return exitCode;
  }

  /** Ends the running hook, if any. */
  interrupt(exitCode: number): void {
    this.#interruptCode = exitCode;
    void this.#worker.endIfStuck(exitCode, true);
  }
}

function summaryOf(counters: Float64Array, measuredMs: number): ScriptSummary {
  return {
    duration: Math.round(measuredMs * 1000),
    requests: counters[Slot.answered],
    bytes: counters[Slot.bytesRead],
    errors: {
      connect: counters[Slot.failedConnect] + counters[Slot.failedRefused] +
        counters[Slot.failedProxy],
      read: counters[Slot.failedRead] + counters[Slot.failedTruncated] +
        counters[Slot.failedProtocol] + counters[Slot.failedStreamReset] +
        counters[Slot.failedStreamRefused],
      write: counters[Slot.failedWrite],
      status: counters[Slot.failedStatus],
      timeout: counters[Slot.failedTimeout],
    },
  };
}

function fieldsOf(plan: LoadPlan): WrkFields {
  const [target] = plan.targets;
  const headers: Record<string, string> = {};
  for (const { name, value } of plan.headers) headers[name] = value;
  if (plan.hostHeader !== null) headers["Host"] = plan.hostHeader;
  const hasCredentials = Object.keys(headers).some((name) => /^authorization$/i.test(name));
  if (target.userinfo !== null && !hasCredentials) {
    headers["Authorization"] = basicCredentials(target.userinfo);
  }
  return {
    scheme: target.scheme,
    host: target.host,
    port: target.port,
    method: plan.method,
    path: target.path,
    headers,
    body: plan.body?.kind === "text" ? plan.body.text : readBody(plan),
  };
}
