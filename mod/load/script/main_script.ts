/** A script in the main thread: `setup` before the run, `done` after it. */
import type { LoadPlan } from "../plan.ts";
import { readBody } from "../prepare.ts";
import type { LoadResult } from "../result.ts";
import { Slot } from "../stats.ts";
import type { ScriptPlan, WrkFields } from "../thread_plan.ts";
import { type Hooks, loadHooks, type ScriptSummary } from "./hooks.ts";
import { scriptError } from "./script_error.ts";
import { scriptStats } from "./script_stats.ts";
import { MainThreadHandle } from "./script_thread.ts";
import { Wrk } from "./wrk_object.ts";

export class MainScript {
  readonly #name: string;
  readonly #args: readonly string[];
  readonly #hooks: Hooks;
  readonly #fields: WrkFields;
  readonly #threads: MainThreadHandle[];

  private constructor(plan: LoadPlan, name: string, hooks: Hooks, fields: WrkFields) {
    this.#name = name;
    this.#args = [plan.targets[0]?.text ?? "", ...plan.scriptArgs];
    this.#hooks = hooks;
    this.#fields = fields;
    this.#threads = Array.from({ length: plan.threads }, (_, index) => new MainThreadHandle(index));
  }

  /** Throws `StartError` when the script cannot be loaded. */
  static async load(plan: LoadPlan, name: string): Promise<MainScript> {
    const fields = fieldsOf(plan);
    (globalThis as unknown as Record<string, unknown>)["wrk"] = new Wrk(fields);
    return new MainScript(plan, name, await loadHooks(name), fields);
  }

  /** Calls `setup` for each thread; what each of them then starts with. */
  async setup(): Promise<ScriptPlan[]> {
    for (const thread of this.#threads) {
      try {
        await this.#hooks.setup?.(thread);
      } catch (error) {
        throw scriptError(this.#name, "setup", error);
      }
    }
    return this.#threads.map(({ addr, variables }) => ({
      name: this.#name,
      args: this.#args,
      wrk: this.#fields,
      address: addr,
      variables,
    }));
  }

  /** Calls `done` with what was measured. */
  async done(result: LoadResult): Promise<void> {
    if (this.#hooks.done === null) return;
    this.#threads.forEach((thread, index) => {
      thread.variables = { ...thread.variables, ...result.threadVariables[index] };
    });
    const { latency, counters } = result.stats;
    try {
      await this.#hooks.done(
        summaryOf(counters, result.measuredMs),
        scriptStats(latency),
        scriptStats(result.rates),
      );
    } catch (error) {
      throw scriptError(this.#name, "done", error);
    }
  }
}

function summaryOf(counters: Float64Array, measuredMs: number): ScriptSummary {
  return {
    duration: Math.round(measuredMs * 1000),
    requests: counters[Slot.answered],
    bytes: counters[Slot.bytesRead],
    errors: {
      connect: counters[Slot.failedConnect] + counters[Slot.failedRefused],
      read: counters[Slot.failedRead] + counters[Slot.failedTruncated] +
        counters[Slot.failedProtocol],
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
