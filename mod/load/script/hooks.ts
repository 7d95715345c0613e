/** The functions that a script may export: wrk's, with JavaScript's types. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { loadScript, type ScriptModule } from "../../script/mod.ts";
import type { ScriptStats } from "./script_stats.ts";

/** What `request()` may return: one request, or several to be sent at once (pipelining). */
export type ScriptRequest = string | Uint8Array | RequestDescription | readonly ScriptRequest[];

export interface RequestDescription {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | null;
}

/** `done()`'s first argument. Times in microseconds, as in wrk. */
export interface ScriptSummary {
  readonly duration: number;
  readonly requests: number;
  readonly bytes: number;
  readonly errors: {
    readonly connect: number;
    readonly read: number;
    readonly write: number;
    readonly status: number;
    readonly timeout: number;
  };
}

export interface Hooks {
  readonly setup: ((thread: unknown) => unknown) | null;
  readonly init: ((args: readonly string[]) => unknown) | null;
  readonly delay: (() => number) | null;
  readonly request: (() => ScriptRequest) | null;
  readonly response:
    | ((status: number, headers: Record<string, string>, body: Uint8Array) => void)
    | null;
  readonly done:
    | ((summary: ScriptSummary, latency: ScriptStats, requests: ScriptStats) => unknown)
    | null;
}

const names = ["setup", "init", "delay", "request", "response", "done"] as const;

/** Loads the script at `path` into this thread. Throws `StartError`. */
export async function loadHooks(path: string): Promise<Hooks> {
  let module: ScriptModule;
  try {
    module = await loadScript(path);
  } catch (error) {
    // To load, a script is part of the command line, not a configuration file.
    if (error instanceof StartError) throw new StartError(error.message, exitCodes.failed);
    throw error;
  }
  const wrong = names.filter((name) => name in module && typeof module[name] !== "function");
  if (wrong.length > 0) {
    throw new StartError(`${path}: export ${wrong.join(", ")} is no function`, exitCodes.failed);
  }
  if (!names.some((name) => name in module) && !("default" in module)) return noHooks;
  const holder = typeof module["default"] === "object" && module["default"] !== null
    ? { ...module["default"] as ScriptModule, ...module }
    : module;
  return Object.fromEntries(names.map((name) => [name, holder[name] ?? null])) as unknown as Hooks;
}

/** A script may do all its work at the top: wrk's post.lua does. */
const noHooks: Hooks = {
  setup: null,
  init: null,
  delay: null,
  request: null,
  response: null,
  done: null,
};
