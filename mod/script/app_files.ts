/** The files of an app, to watch them. */
import { StartError } from "../base/errors.ts";
import { isPlainApp } from "./plain_app.ts";

/**
 * The files that the app with this entry, a real path, consists of: its modules and settings, without
 * those of packages, which an installation replaces as a whole. When the app cannot be linked, those
 * that are reached by relative names.
 */
export async function appFiles(entry: string): Promise<string[]> {
  const sources = await linkedSources(entry);
  if (sources !== null) return sources.filter(isOwnFile);
  const { localGraph } = await import("./local_graph.ts");
  return localGraph(entry);
}

/** null: the app needs no linker, or cannot be linked. */
async function linkedSources(path: string): Promise<string[] | null> {
  try {
    const entry = Deno.realPathSync(path);
    if (isPlainApp(entry)) return null;
    const { linkCached } = await import("./cache/linked_cache.ts");
    const { sources } = await linkCached(entry, path);
    return sources.map((source) => source.path);
  } catch (error) {
    if (error instanceof StartError || error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function isOwnFile(path: string): boolean {
  if (path.includes("/node_modules/")) return false;
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
