import { StartError } from "../../base/errors.ts";
import { withOriginalPaths } from "../../script/mod.ts";

/** A hook of the user's script threw: one line with the place, exit 1. */
export function scriptError(name: string, hook: string, error: unknown): StartError {
  return new StartError(describeScriptError(name, hook, error), 1, { cause: error });
}

/** `counter.js:12:5: in request(): TypeError: x is not a function`. */
export function describeScriptError(name: string, hook: string, error: unknown): string {
  if (!(error instanceof Error)) return `${name}: in ${hook}(): threw ${String(error)}`;
  const place = placeOf(name, withOriginalPaths(error.stack ?? ""));
  return `${place}: in ${hook}(): ${error.name}: ${error.message.split("\n")[0]}`;
}

/** The first line of the trace that lies in the script itself, else in any file of the user's. */
function placeOf(name: string, trace: string): string {
  const file = name.slice(name.lastIndexOf("/") + 1);
  for (const [, url, line, column] of trace.matchAll(/(file:\/\/[^\s)]+?):(\d+):(\d+)/g)) {
    if (decodeURIComponent(url).endsWith(`/${file}`)) return `${name}:${line}:${column}`;
  }
  return name;
}
