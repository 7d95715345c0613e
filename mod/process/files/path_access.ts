/** Checks whether a file could be written, without creating or changing it. */
import { systemReason } from "../../base/errors.ts";
import { dirname } from "../../std/path.ts";
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { cString, libcProcess } from "../../sys/libc_process.ts";
import { askAppendable } from "../privileges/parent_files.ts";

const F_OK = 0;
const R_OK = 4;
const W_OK = 2;
/** access(2): may be executed, or searched if it is a folder. */
export const X_OK = 1;

/**
 * Why `path` could not be opened for writing, or created if missing; null: it could. Uses access(2),
 * so that no file is created or touched.
 */
export function whyNotWritable(path: string): string | null {
  try {
    if (Deno.statSync(path).isDirectory) return "is a directory";
    return libcProcess.access(cString(path), W_OK) === 0 ? null : errnoPhrase(errno());
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return systemReason(error);
  }
  return whyNotMakeable(path);
}

/** As `whyNotWritable`, for a log file, which a root parent may open for this process. */
export function whyNotAppendable(path: string): string | null {
  const reason = whyNotWritable(path);
  return reason === null ? null : askAppendable(path, reason);
}

/** Whether nothing is at `path`. It throws nothing, which is ten times as fast as to catch an error. */
export function isMissing(path: string): boolean {
  return libcProcess.access(cString(path), F_OK) < 0 && errno() === Errno.ENOENT;
}

/** Why this process could not read and execute `path`; null: it could. */
export function whyNotRunnable(path: string): string | null {
  return libcProcess.access(cString(path), R_OK | X_OK) === 0 ? null : errnoPhrase(errno());
}

/** Why no file could be created at `path`; null: one could. */
export function whyNotMakeable(path: string): string | null {
  const folder = dirname(path);
  try {
    if (!Deno.statSync(folder).isDirectory) return `${folder} is not a directory`;
  } catch (error) {
    return systemReason(error);
  }
  return libcProcess.access(cString(folder), W_OK | X_OK) === 0 ? null : errnoPhrase(errno());
}
