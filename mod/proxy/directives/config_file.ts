/** Finds and reads the configuration file: a checked plan or one `StartError` with all problems. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { findDefaultConfig } from "../../config/default_file.ts";
import { getVariable } from "../../process/environment.ts";
import { parentOpener } from "../../process/privileges/parent_opener.ts";
import { readText } from "../../process/privileges/parent_files.ts";
import { buildPlan } from "./build.ts";
import type { ConfigTexts } from "../plan/loaded_plan.ts";
import type { ProxyPlan } from "../plan/plan.ts";

/**
 * Returns the file to use, or null when there is none at the default places either. `earlier`: the
 * file in force until now. Throws `StartError`.
 */
export function findConfigFile(given: string | null, earlier: string | null = null): string | null {
  return given ?? findDefaultConfig(earlier);
}

/**
 * Reads and checks `path`. Files in `texts` are not read again, and those that are read are added
 * to it, so that several processes have the same plan. `onRead` is called before each file is read.
 * Throws `StartError` with exit code 78
 * and one line for each problem.
 */
export function loadPlan(
  path: string,
  needsListen: boolean,
  texts: ConfigTexts = new Map(),
  onRead: (path: string) => void = () => {},
): ProxyPlan {
  const readKept = (path: string): string => {
    onRead(path);
    const text = texts.get(path) ?? readFile(path);
    texts.set(path, text);
    return text;
  };
  const source = {
    readText: readKept,
    environment: (name: string) => getVariable(name) ?? null,
  };
  let text: string;
  try {
    text = readKept(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`cannot read ${path}: ${reason}`, exitCodes.config);
  }
  const { plan, problems } = buildPlan(text, path, source, {
    needsListen,
    host: { inspectPath },
  });
  if (plan === null) throw new StartError(problems.join("\n"), exitCodes.config);
  return plan;
}

function readFile(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    throw new Error(reasonOf(error));
  }
}

/** Checks a path as a start would: relative to the working folder, following symbolic links. */
function inspectPath(path: string, isFolder: boolean): string | null {
  try {
    if (Deno.statSync(path).isDirectory === isFolder) return null;
    return isFolder ? "not a folder" : "is a folder";
  } catch (error) {
    // The start was by root, and found no fault in it; requests for it are answered with 403.
    const isHidden = error instanceof Deno.errors.PermissionDenied && parentOpener() !== null;
    if (isHidden) return null;
    if (!(error instanceof Deno.errors.NotFound)) return reasonOf(error);
    return isFolder ? "no such folder" : "no such file";
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  if (error instanceof Deno.errors.IsADirectory) return "is a folder";
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
