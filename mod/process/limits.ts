/** Resource limits (getrlimit(2)). */
import { StartError } from "../base/errors.ts";
import { openFilesMin } from "../base/open_files.ts";
import { errno, libc } from "../sys/libc.ts";
import { errnoPhrase } from "../sys/errno.ts";
import { libcProcess } from "../sys/libc_process.ts";

const openFiles = 7; // RLIMIT_NOFILE
const dataBytes = 2; // RLIMIT_DATA
/** Files that each additional thread opens at its start. */
const filesOfThread = 12;

/** The soft limit of open files, before and after raising it. */
export interface OpenFilesLimit {
  readonly before: number;
  readonly now: number;
}

/**
 * Raises the soft limit of open files to the hard one. Children inherit the limit, and old programs
 * that use select(2) fail with a high one, so only serving modes call this. Throws `StartError` when
 * the limit is too low to run with `threads` threads.
 */
export function raiseOpenFilesLimit(threads = 1): OpenFilesLimit {
  const limit = raiseLimit();
  const needed = openFilesMin + filesOfThread * (threads - 1);
  if (limit.now >= needed) return limit;
  throw new StartError(
    `the limit of open files is ${limit.now} (ulimit -n), at least ${needed} are needed`,
  );
}

function raiseLimit(): OpenFilesLimit {
  const pair = new BigUint64Array(2);
  if (libc.getrlimit(openFiles, pair) !== 0) return { before: 1024, now: 1024 };
  const before = Number(pair[0]);
  pair[0] = pair[1];
  const now = libc.setrlimit(openFiles, pair) === 0 ? Number(pair[1]) : before;
  return { before, now };
}

/**
 * Limits how much writable memory of its own (RLIMIT_DATA) the process may take beyond what it has
 * now. Then its allocations fail; V8 collects what it can and ends the process. Returns why it could
 * not be done, or null. A process that has ended needs no limit.
 */
export function limitGrowth(pid: number, bytes: number): string | null {
  let status: string;
  try {
    status = Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const [, kilobytes] = /^VmData:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kilobytes === undefined) return "its memory is not known";
  const limit = BigInt(Number(kilobytes) * 1024 + bytes);
  const failed =
    libcProcess.prlimit(pid, dataBytes, new BigUint64Array([limit, limit]), null) !== 0;
  return failed ? errnoPhrase(errno()) : null;
}
