/** Resource limits (getrlimit(2)). */
import { libc } from "../sys/libc.ts";

const openFiles = 7; // RLIMIT_NOFILE

/** Limits on open files, soft before and after. */
export interface OpenFilesLimit {
  readonly before: number;
  readonly now: number;
}

/**
 * Raises the soft limit of open files to the hard one. The limit passes on to children, and old
 * programs that use select(2) do not like a high one, so only modes that serve call this.
 */
export function raiseOpenFilesLimit(): OpenFilesLimit {
  const pair = new BigUint64Array(2);
  if (libc.getrlimit(openFiles, pair) !== 0) return { before: 1024, now: 1024 };
  const before = Number(pair[0]);
  pair[0] = pair[1];
  const now = libc.setrlimit(openFiles, pair) === 0 ? Number(pair[1]) : before;
  return { before, now };
}
