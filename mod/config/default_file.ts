/** Where a configuration is looked for when nobody names one. */
import { exitCodes, StartError } from "../base/errors.ts";

/** In this order. */
export const configFilesDefault = ["/etc/hayate/h2o.conf", "/h2o/h2o.conf"] as const;

/**
 * The first default place where anything lies, even a folder or a file that we may not read: somebody meant
 * it to be the configuration, and reading it says what is wrong. null: there is nothing.
 *
 * `earlier` is the file that is served from now. When it has gone, it is returned all the same, so that the
 * reader fails, unless a place before it has got a file. Throws `StartError` for a volume mounted at a default
 * folder without a file in it: Docker makes an empty folder of a path that the host does not have.
 */
export function findDefaultConfig(
  earlier: string | null,
  places: readonly string[] = configFilesDefault,
): string | null {
  for (const path of places) {
    if (path === earlier || isThere(path)) return path;
  }
  if (earlier !== null) return earlier;
  const mounts = mountPoints();
  for (const path of places) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!mounts.has(folder)) continue;
    const name = path.slice(folder.length + 1);
    throw new StartError(
      `${folder} is mounted, but there is no ${name} in it`,
      exitCodes.config,
    );
  }
  return null;
}

/** True also for a link to nowhere. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Mount points of this process's name space (proc_pid_mountinfo(5)); empty without /proc. */
function mountPoints(): Set<string> {
  try {
    const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
    return new Set(lines.map((line) => line.split(" ")[4]));
  } catch {
    // Without /proc nothing is known of mounts; the welcome page it is.
    return new Set();
  }
}

/**
 * One line for a file that is mounted by itself and was replaced on the host, for example by an editor: the
 * mount still leads to the old file, which has no name any more (st_nlink 0). null: it is not so.
 */
export function describeStaleMount(path: string): string | null {
  try {
    if (Deno.statSync(path).nlink !== 0) return null;
  } catch {
    // Whoever reads the file says why it cannot be read.
    return null;
  }
  return `${path}: the mounted file was replaced on the host, this is still the old one; ` +
    "mount its folder instead";
}
