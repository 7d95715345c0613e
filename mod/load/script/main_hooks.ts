/** Runs a script's `setup` and `done` in a worker that sends no requests. */
import { StartError } from "../../base/errors.ts";
import { Histogram } from "../../metrics/histogram.ts";
import { HookMark, type HookPlace } from "./hook_mark.ts";
import { type LoadedHooks, loadHooks } from "./hooks.ts";
import type { PreparedThread, ToMainHooks } from "./main_hook_messages.ts";
import { scriptError } from "./script_error.ts";
import { scriptStats } from "./script_stats.ts";
import { MainThreadHandle } from "./script_thread.ts";
import { ScriptExit, throwIfExited } from "./script_globals.ts";
import { Wrk } from "./wrk_object.ts";

type Opening = Extract<ToMainHooks, { kind: "script" }>;
type Finish = Extract<ToMainHooks, { kind: "finish" }>;

export class MainHooks {
  readonly #name: string;
  readonly #loaded: LoadedHooks;
  readonly #mark: HookMark;
  #threads: MainThreadHandle[] = [];

  private constructor({ name }: Opening, loaded: LoadedHooks, mark: HookMark) {
    this.#name = name;
    this.#loaded = loaded;
    this.#mark = mark;
  }

  /** Throws `StartError` when the script cannot be used. */
  static async open(opening: Opening): Promise<MainHooks> {
    const mark = new HookMark(opening.mark);
    const wrk = new Wrk(opening.fields);
    (globalThis as unknown as Record<string, unknown>)["wrk"] = wrk;
    mark.set("the top level");
    try {
      return new MainHooks(opening, await loadHooks(opening.name, wrk), mark);
    } catch (error) {
      throw error instanceof StartError ? error : scriptError(opening.name, "", error);
    } finally {
      mark.set("");
    }
  }

  async setup(threadCount: number): Promise<PreparedThread[]> {
    this.#threads = Array.from({ length: threadCount }, (_, index) => new MainThreadHandle(index));
    const { setup } = this.#loaded.hooks;
    for (const thread of this.#threads) {
      if (setup !== null) await this.#call("setup", () => setup(thread));
    }
    return this.#threads.map(({ addr, variables }) => ({ address: addr, variables }));
  }

  /** Resolves to the code with which the script exits; null when it does not. */
  async done({ summary, latency, rates, variables }: Finish): Promise<number | null> {
    const { done } = this.#loaded.hooks;
    if (done === null) return null;
    this.#threads.forEach((thread, index) => {
      thread.variables = { ...thread.variables, ...variables[index] };
    });
    const latencyStats = scriptStats(new Histogram(latency));
    const rateStats = scriptStats(new Histogram(rates));
    try {
      await this.#call("done", () => done(summary, latencyStats, rateStats));
      return null;
    } catch (error) {
      if (error instanceof StartError && error.cause instanceof ScriptExit) return error.exitCode;
      throw error;
    }
  }

  async #call(hook: "setup" | "done", act: () => unknown): Promise<void> {
    this.#mark.set(`${hook}()` satisfies HookPlace);
    try {
      await act();
      throwIfExited();
    } catch (error) {
      throw scriptError(this.#name, hook, error, this.#loaded.place(hook));
    } finally {
      this.#mark.set("");
    }
  }
}
