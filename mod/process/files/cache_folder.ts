/** The folders of linked apps and of their files: below `hayate` in the user's cache folder. */
import { getVariable } from "../environment.ts";

/** Write permission of the group and of others. */
const othersMayWrite = 0o022;

/**
 * The path of the folder, created if need be; null where there is none that is ours alone: what is in
 * it is run.
 */
export function openCacheFolder(name: "apps" | "built" | "programs"): string | null {
  const home = getVariable("HOME");
  const base = getVariable("XDG_CACHE_HOME") || (home ? `${home}/.cache` : "");
  // The XDG specification has relative paths ignored.
  if (!base.startsWith("/")) return null;
  const path = `${base}/hayate/${name}`;
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    return isOurs(Deno.lstatSync(path)) ? path : null;
  } catch {
    // Read-only, full, or not permitted: apps are linked at each start.
    return null;
  }
}

/** Whether a file or folder is ours, and nobody else may write it. A link is not ours. */
export function isOurs({ uid, mode, isSymlink }: Deno.FileInfo): boolean {
  return !isSymlink && uid === Deno.uid() && ((mode ?? othersMayWrite) & othersMayWrite) === 0;
}
