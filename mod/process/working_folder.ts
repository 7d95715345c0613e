/**
 * The working folder by path. A process keeps the directory it was started in, even after a deploy
 * has pointed `current` to the next release and deleted the old one; its children would start in a
 * deleted directory. So the path is kept, and each child changes to it.
 */
import { getVariable } from "./environment.ts";

/** PWD if it is the current directory, which keeps links in the path; else the resolved path. */
function logicalFolder(): string | null {
  const path = getVariable("PWD") ?? "";
  if (path.startsWith("/") && isSameFolder(path, ".")) return path;
  try {
    return Deno.cwd();
  } catch {
    // Deleted, or in a folder without access.
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

/** The folder this process was started in, without a trailing slash; null: unknown. */
export function startFolder(): string | null {
  return started;
}

/** `folder` relative to `startFolder`, which stays valid when the working directory is deleted. */
export function fromStartFolder(folder: string): string {
  return folder.startsWith("/") || started === null ? folder : `${started}/${folder}`;
}

/** For a `SpawnRequest` of this program, which cannot start in a deleted directory. */
export function folderOfStart(): { readonly folder?: string } {
  return started === null ? {} : { folder: started };
}
