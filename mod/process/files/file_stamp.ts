import { askStamps } from "../privileges/parent_files.ts";

/**
 * A text that changes when one of the files does: replaced by a rename, written in place, reached by
 * another symbolic link (as the `..data` of a Kubernetes Secret), or given other permissions. A
 * missing file is a state, too. Where this process may not look, its root parent does.
 */
export function stampOf(paths: readonly string[]): string {
  const stamps = paths.map(stampOfFile);
  const hidden = paths.filter((_, index) => stamps[index] === noAccess);
  if (hidden.length === 0) return stamps.join(" ");
  const asked = new Map(askStamps(hidden).map((stamp, index) => [hidden[index], stamp]));
  return stamps.map((stamp, index) => asked.get(paths[index]) ?? stamp).join(" ");
}

const noAccess = "PermissionDenied";

/** Of one file, as this process sees it. */
export function stampOfFile(path: string): string {
  try {
    // Links are followed. ctime, in seconds, changes with permissions, which mtime does not.
    const { mtime, ctime, size, ino, dev } = Deno.statSync(path);
    return `${mtime?.getTime()}:${ctime?.getTime()}:${size}:${ino}:${dev}`;
  } catch (error) {
    return (error as Error).name;
  }
}
