/**
 * The working folder by its path. A process stays in the directory that it was started in, even when
 * a deploy has pointed `current` to the next release and deleted the old one; whatever it starts would
 * begin in a directory that is no more. So the path is kept, and each start changes to it anew.
 */
import { getVariable } from "./environment.ts";

/** PWD where it names the directory we are in, so that links in it are kept; else the resolved path. */
function logicalFolder(): string | null {
  const path = getVariable("PWD") ?? "";
  if (path.startsWith("/") && isSameFolder(path, ".")) return path;
  try {
    return Deno.cwd();
  } catch {
    // Deleted, or in a folder that we may not look into.
    return null;
  }
}

function isSameFolder(left: string, right: string): boolean {
  try {
    const [one, other] = [Deno.statSync(left), Deno.statSync(right)];
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

const started = logicalFolder();

/** Where this process was started, as a path without a slash at its end; null: nobody can tell. */
export function startFolder(): string | null {
  return started;
}

/** `folder` as seen from `startFolder`: the same place, whatever becomes of the working directory. */
export function fromStartFolder(folder: string): string {
  return folder.startsWith("/") || started === null ? folder : `${started}/${folder}`;
}

/** For a `SpawnRequest` of this very program, which does not start in a directory that was deleted. */
export function folderOfStart(): { readonly folder?: string } {
  return started === null ? {} : { folder: started };
}
