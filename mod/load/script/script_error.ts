import { exitCodes, StartError } from "../../base/errors.ts";
import { withOriginalPaths } from "../../script/mod.ts";
import { basename } from "../../std/path.ts";
import { ScriptExit } from "./script_globals.ts";

/** One line for an error thrown by the user's script, with its place; exit 1. */
export function scriptError(
  name: string,
  hook: string,
  error: unknown,
  place: string = name,
): StartError {
  const code = error instanceof ScriptExit ? error.code : exitCodes.failed;
  return new StartError(describeScriptError(name, hook, error, place), code, { cause: error });
}

/**
 * `counter.js:12:5: in request(): TypeError: x is not a function`. `place` where the trace does not
 * reach the script, as for what it returned. `hook` "": in no hook.
 */
export function describeScriptError(
  name: string,
  hook: string,
  error: unknown,
  place: string = name,
): string {
  const where = hook === "" ? "" : `in ${hook}(): `;
  if (!(error instanceof Error)) return `${place}: ${where}threw ${String(error)}`;
  const traced = placeOf(name, withOriginalPaths(error.stack ?? "")) ?? place;
  const what = error instanceof ScriptExit ? "" : `${error.name}: `;
  return `${traced}: ${where}${what}${error.message.split("\n")[0]}`;
}

/** The first line of the trace that lies in the script itself, else in any file of the user's. */
function placeOf(name: string, trace: string): string | null {
  const file = basename(name);
  for (const [, url, line, column] of trace.matchAll(/(file:\/\/[^\s)]+?):(\d+):(\d+)/g)) {
    if (decodeURIComponent(url).endsWith(`/${file}`)) return `${name}:${line}:${column}`;
  }
  return null;
}
