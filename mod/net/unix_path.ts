/** The file of a unix socket: what may be replaced, what never. */
import { StartError } from "../base/errors.ts";

/**
 * Makes room for binding at `path`. A socket file that nobody answers on is left over from a process
 * that died, and is removed; returns true then. Throws `StartError` for a live socket, and for any
 * other kind of file: we never delete what we did not make.
 */
export function clearSocketPath(path: string, answers: (path: string) => boolean): boolean {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new StartError(`${path}: cannot look at it: ${(error as Error).message}`);
  }
  if (!info.isSocket) {
    throw new StartError(`${path}: is ${kindOf(info)}, not a socket; it is left alone`);
  }
  if (answers(path)) throw new StartError(`${path} in use: another process accepts on it`);
  Deno.removeSync(path);
  return true;
}

/**
 * Calls `bind` so that the socket file which it makes has `mode`, or what umask leaves where that is
 * undefined. The mode is what umask leaves of 0777 at bind: umask is set around it, as chmod after it
 * would leave a moment in which the file has another mode.
 */
export function withSocketMode<T>(mode: number | undefined, bind: () => T): T {
  if (mode === undefined) return bind();
  const umaskBefore = Deno.umask(0o777 & ~mode);
  try {
    return bind();
  } finally {
    Deno.umask(umaskBefore);
  }
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a directory";
  if (info.isSymlink) return "a symbolic link";
  return info.isFile ? "a regular file" : "a special file";
}

/**
 * Removes a socket file at the end, if it is still the one we made: after a new process has replaced
 * it, the path leads to somebody else's socket.
 */
export function removeSocketPath(path: string, inode: number | null): void {
  try {
    const info = Deno.lstatSync(path);
    if (info.isSocket && info.ino === inode) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The inode of a socket file just made, for `removeSocketPath`. */
export function socketInode(path: string): number | null {
  return Deno.lstatSync(path).ino;
}
