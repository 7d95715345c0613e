/** Finds the configuration file when none is given. */
import { exitCodes, StartError } from "../base/errors.ts";
import { basename, dirname } from "../std/path.ts";

/** Searched in this order. */
export const configFilesDefault = ["/etc/hayate/h2o.conf", "/h2o/h2o.conf"] as const;

/**
 * The first default path that exists, even if it is a directory or unreadable: it was meant to be
 * the configuration, and reading it reports what is wrong. null: none exists.
 *
 * `earlier` is the file in use now. If it has disappeared, it is returned anyway, so that reading
 * it fails, unless a path before it exists. Throws `StartError` if a volume is mounted at a default
 * directory but has no such file: Docker creates an empty directory for a missing host path.
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
    const folder = dirname(path);
    if (!mounts.has(folder)) continue;
    throw new StartError(
      `${folder} is mounted but contains no ${basename(path)}`,
      exitCodes.config,
    );
  }
  return null;
}

/** True also for a dangling link. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Mount points in this process's namespace (proc_pid_mountinfo(5)); empty without /proc. */
function mountPoints(): Set<string> {
  try {
    const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
    return new Set(lines.map((line) => line.split(" ")[4]));
  } catch {
    // Without /proc the mounts are unknown; the caller falls back to the welcome page.
    return new Set();
  }
}

/**
 * One line of advice if `path` is a bind-mounted file that was replaced on the host, for example by
 * an editor: the mount still shows the old file, which has no name any more (st_nlink 0). null
 * otherwise.
 */
export function describeStaleMount(path: string): string | null {
  // A file in memory, such as the supervisor's certificate, never had a name.
  if (/^\/proc\/\w+\/fd\//.test(path)) return null;
  try {
    if (Deno.statSync(path).nlink !== 0) return null;
  } catch {
    // Reading the file will report why it cannot be read.
    return null;
  }
  return `${path}: the mounted file was replaced on the host, but the old one is still mounted; ` +
    "mount its directory instead";
}
