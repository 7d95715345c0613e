/** The local files that an app consists of. */
import { toFileUrl } from "../base/file_url.ts";
import { findSpecifiers, needsStripping, stripTypes } from "./strip_types.ts";

/** Far more than an app has by hand; a folder of generated modules must not stop a start. */
const filesMax = 1000;

/**
 * `entry` and the files that it imports by relative paths, directly or not, sorted. A file that
 * cannot be read or parsed is listed, but what it imports is unknown.
 */
export function localGraph(entry: string): string[] {
  const found = new Set<string>([entry]);
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const next of importsOf(path)) {
      if (found.has(next) || found.size >= filesMax) continue;
      found.add(next);
      waiting.push(next);
    }
  }
  return [...found].sort();
}

function importsOf(path: string): string[] {
  if (!/\.(ts|mts|tsx|jsx|js|mjs)$/.test(path)) return [];
  try {
    const source = Deno.readTextFileSync(path).replace(/^#!.*/, "");
    const specifiers = needsStripping(path)
      ? stripTypes(source, path).specifiers
      : findSpecifiers(source);
    return specifiers.filter(({ text }) => /^(\.{0,2}\/|file:)/.test(text))
      .map(({ text }) => decodeURIComponent(new URL(text, toFileUrl(path)).pathname));
  } catch {
    // The import itself reports what is wrong.
    return [];
  }
}

/** Whether an import finds a file at `path`; false also when nothing is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    // The import itself reports it, if it is reached at all.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
