/** Checks that the process may open enough descriptors to start (getrlimit(2), RLIMIT_NOFILE). */
import { StartError } from "./errors.ts";

/** For the runtime itself, a reactor, a channel and a few sockets. */
export const openFilesMin = 32;

/**
 * Throws `StartError` with one line when the open-file limit is too low. Reads /proc/self/limits,
 * because the first FFI call itself needs descriptors. With fewer than 13 the runtime panics before
 * any of our code runs.
 */
export function requireOpenFiles(): void {
  const hard = hardLimit();
  if (hard >= openFilesMin) return;
  const found = hard < 0 ? "too low" : String(hard);
  throw new StartError(
    `the limit of open files is ${found} (ulimit -n), at least ${openFilesMin} are needed`,
  );
}

/** -1 when the limit is so low that the file could not be opened. */
function hardLimit(): number {
  let text: string;
  try {
    text = Deno.readTextFileSync("/proc/self/limits");
  } catch (error) {
    return isOutOfFiles(error) ? -1 : Infinity;
  }
  const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(text)?.[1];
  return limit === undefined ? Infinity : Number(limit);
}

/** EMFILE, for which Deno has no error class of its own. */
export function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && error.message.includes("(os error 24)");
}
