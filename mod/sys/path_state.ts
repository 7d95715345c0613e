/** Detects changes of the file at a path, with statx(2). */
import { lazySymbols } from "./lazy_symbols.ts";
import { errno } from "./libc.ts";

const { statx } = lazySymbols({
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
}, ["statx"]);

/** AT_FDCWD: relative paths start at the working directory. */
const atCwd = -100;
/** STATX_BASIC_STATS. */
const basicStats = 0x7ff;
/** struct statx is 256 bytes, the same on every architecture. */
const answer = new Uint32Array(64);
const answerBytes = new Uint8Array(answer.buffer);

/** Words of the answer that distinguish states: mode, inode, size, ctime, mtime, device. */
const words = [7, 8, 9, 10, 11, 24, 25, 26, 28, 29, 30, 34, 35];
const ctimeSeconds = 24;
const ctimeNanoseconds = 26;

/** Length of a state in words; see `readPathState`. */
export const pathStateWords = words.length + 1;

/**
 * Writes the state of `path` (bytes ending in NUL; links are followed) into `into`. Equal states
 * mean the same file with the same content, within the resolution of the kernel's file times (1 to
 * 10 ms). Returns the time of the last change in milliseconds since 1970, or 0 if statx fails; the
 * errno is part of the state.
 */
export function readPathState(path: Uint8Array, into: Uint32Array): number {
  if (statx(atCwd, path as Uint8Array<ArrayBuffer>, 0, basicStats, answerBytes) < 0) {
    into.fill(0);
    into[words.length] = errno();
    return 0;
  }
  for (let i = 0; i < words.length; i++) into[i] = answer[words[i]];
  into[words.length] = 0;
  return answer[ctimeSeconds] * 1000 + answer[ctimeNanoseconds] / 1e6;
}
