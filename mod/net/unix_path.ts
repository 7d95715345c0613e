/** Creates, replaces and removes the files of unix sockets. */
import { StartError } from "../base/errors.ts";
import { BindRefused, parentBinder } from "./parent_binder.ts";

/**
 * Makes `path` available for binding. A socket file on which no process accepts is left over from a
 * process that died: it is removed, and true is returned. Throws `StartError` for a live socket and
 * for any other kind of file: we never delete what we did not create.
 */
export function clearSocketPath(path: string, answers: (path: string) => boolean): boolean {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    const fault = `${path}: cannot look at it: ${(error as Error).message}`;
    throw isRefusal(error) ? new BindRefused(fault) : new StartError(fault);
  }
  if (!info.isSocket) {
    throw new StartError(`${path}: is ${kindOf(info)}, not a socket; it is left alone`);
  }
  if (answers(path)) throw new StartError(`${path} in use: another process accepts on it`);
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new BindRefused(`${path}: cannot remove the socket of a process that has died`);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied;
}

/**
 * Calls `bind` so that the socket file gets `mode`; if undefined, the mode given by umask. Sets
 * umask during the call, because a later chmod would leave a moment with a different mode.
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
 * Removes a socket file on exit if it is still the one we created: a new process may have replaced
 * it with its own socket.
 */
export function removeSocketPath(path: string, inode: number | null): void {
  try {
    const info = Deno.lstatSync(path);
    if (info.isSocket && info.ino === inode) Deno.removeSync(path);
  } catch (error) {
    // Its root parent has bound it. Without one the file stays; the next start removes it.
    if (isRefusal(error)) {
      if (inode !== null) parentBinder()?.remove(path, inode);
    } else if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The inode of a new socket file, for `removeSocketPath`; null: in a folder without access. */
export function socketInode(path: string): number | null {
  try {
    return Deno.lstatSync(path).ino;
  } catch (error) {
    if (isRefusal(error)) return parentBinder()?.inodeAt(path) ?? null;
    throw error;
  }
}

/** The inode of whatever is at `path` now; null: nothing, or it cannot be seen. */
export function inodeAt(path: string): number | null {
  try {
    return socketInode(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
