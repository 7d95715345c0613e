/** The functions that a script may define: wrk's, with JavaScript's types. */
import { nearest } from "../../base/nearest.ts";
import { exitCodes, StartError } from "../../base/errors.ts";
import { loadScript, type ScriptModule } from "../../script/mod.ts";
import { isLua, placeOf, readSource } from "./script_source.ts";
import type { ScriptStats } from "./script_stats.ts";
import { throwIfExited } from "./script_globals.ts";
import { type Wrk, wrkNames } from "./wrk_object.ts";

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
  readonly delay: (() => unknown) | null;
  readonly request: (() => unknown) | null;
  readonly response:
    | ((
      status: number,
      headers: Record<string, string>,
      body: string,
      bytes: Uint8Array,
    ) => unknown)
    | null;
  readonly done:
    | ((summary: ScriptSummary, latency: ScriptStats, requests: ScriptStats) => unknown)
    | null;
}

/** The hooks of a script, and where each is defined. */
export interface LoadedHooks {
  readonly hooks: Hooks;
  /** `s.js:3` for a hook's name. */
  place(name: string): string;
}

const names = ["setup", "init", "delay", "request", "response", "done"] as const;
/** Called between two requests, where nothing can be awaited. */
const immediate: readonly string[] = ["delay", "request", "response"];
const help = "See: hayate help load scripts";

/** Loads the script at `path` into this thread, whose global object is `wrk`. Throws `StartError`. */
export async function loadHooks(path: string, wrk: Wrk): Promise<LoadedHooks> {
  const source = readSource(path);
  if (isLua(path, source)) {
    throw new StartError(
      `${path}: this is a Lua script for wrk: hayate load runs JavaScript and TypeScript with the same ` +
        `functions. ${help}`,
      exitCodes.failed,
    );
  }
  const module = await importScript(path);
  throwIfExited();
  const place = (name: string) => placeOf(path, source, name);
  const hooks = collect(module, wrk);
  const fault = faultOf(path, module, hooks, wrk, place);
  if (fault !== null) throw new StartError(fault, exitCodes.failed);
  return { hooks: hooks as unknown as Hooks, place };
}

/** wrk's scripts assign to globals, `request = function() ...`: strict mode allows that only if they exist. */
async function importScript(path: string): Promise<ScriptModule> {
  const scope = globalThis as unknown as Record<string, unknown>;
  const added = names.filter((name) => !(name in scope));
  for (const name of added) scope[name] = undefined;
  try {
    return await loadScript(path, { names });
  } catch (error) {
    throwIfExited();
    // To load, a script is part of the command line, not a configuration file.
    if (error instanceof StartError) throw new StartError(error.message, exitCodes.failed);
    throw error;
  } finally {
    for (const name of added) if (scope[name] === undefined) delete scope[name];
  }
}

/** By name: what is exported, a property of an exported object, or a global function. */
function collect(module: ScriptModule, wrk: Wrk): Record<string, unknown> {
  const scope = globalThis as unknown as Record<string, unknown>;
  const whole = typeof module["default"] === "object" ? module["default"] as ScriptModule : null;
  const hooks: Record<string, unknown> = {};
  for (const name of names) {
    const global = typeof scope[name] === "function" ? scope[name] : null;
    hooks[name] = module[name] ?? whole?.[name] ?? global;
  }
  // wrk calls wrk.init, which calls init: a script that replaces it handles the call.
  if (wrk.init !== wrk.ownInit) hooks["init"] = wrk.init;
  return hooks;
}

/** What is wrong with the script as a whole, or null. */
function faultOf(
  path: string,
  module: ScriptModule,
  hooks: Readonly<Record<string, unknown>>,
  wrk: Wrk,
  place: (name: string) => string,
): string | null {
  const exported = Object.keys(module);
  for (const name of names) {
    const hook = hooks[name];
    if (hook === null) continue;
    if (typeof hook !== "function") {
      return `${place(name)}: export ${name} is not a function but ${typeof hook}`;
    }
    const kind = hook.constructor.name;
    if (kind.includes("Generator")) return `${place(name)}: ${name}() must not be a generator`;
    if (kind === "AsyncFunction" && immediate.includes(name)) {
      return `${place(name)}: ${name}() must not be async: only setup, init and done can wait`;
    }
  }
  if (typeof module["default"] === "function") {
    return `${place("default")}: export default function is k6's: ${lead} ${help}`;
  }
  const whole = module["default"];
  const keys = typeof whole === "object" && whole !== null ? Object.keys(whole) : [];
  for (const name of [...exported, ...keys]) {
    if (name === "default" || (names as readonly string[]).includes(name)) continue;
    const meant = nearest(name, names);
    if (meant !== null && hooks[meant] === null) {
      return `${place(name)}: ${name} is not one of wrk's functions: did you mean ${meant}?`;
    }
  }
  for (const name of wrk.addedNames()) {
    const meant = nearest(name, wrkNames);
    if (meant !== null) return `${place(name)}: wrk.${name} does not exist: did you mean ${meant}?`;
  }
  const isEmpty = names.every((name) => hooks[name] === null) && !wrk.isChanged;
  return isEmpty ? `${path}:1: the script would change nothing: ${lead} ${help}` : null;
}

const lead = `define one of ${names.join(", ")}, or change wrk.method, wrk.headers and their like.`;
