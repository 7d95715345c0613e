/** Keeps the memory of a mostly idle process small. */
import { libcProcess } from "../../sys/libc_process.ts";

/** More than V8 allows outside its heap before it collects (64 MiB in V8 14, or what its heap may grow). */
const nudgeBytes = 70 * 2 ** 20;

/**
 * Makes V8 collect garbage soon. An idle process does not trigger a collection, and there is no
 * function for it, but V8 starts one when this much is allocated outside its heap. The pages are
 * never touched, so they cost only an mmap(2).
 */
export function suggestCollection(): void {
  try {
    new ArrayBuffer(nudgeBytes);
  } catch (error) {
    // With strict overcommit (vm.overcommit_memory=2) it may fail; the garbage stays longer.
    if (!(error instanceof RangeError)) throw error;
  }
}

/** What is known of this process's use of memory and CPU. */
export interface ProcessUse {
  /** Resident memory that no file backs: heaps and stacks, not the program itself. */
  readonly anonymousBytes: number;
  /** CPU time of all threads since the start. */
  readonly cpuMs: number;
}

const clockProcessCpu = 2;
const cpuTime = new BigInt64Array(2);

/** Use so far; null where the system does not tell (RssAnon of proc(5) needs Linux 4.5 and /proc). */
export function readProcessUse(): ProcessUse | null {
  let status: string;
  try {
    status = Deno.readTextFileSync("/proc/self/status");
  } catch {
    // No /proc, or no descriptor left to read it with.
    return null;
  }
  const match = /^RssAnon:\s*(\d+) kB$/m.exec(status);
  if (match === null) return null;
  libcProcess.clock_gettime(clockProcessCpu, cpuTime);
  const cpuMs = Number(cpuTime[0]) * 1000 + Number(cpuTime[1]) / 1e6;
  return { anonymousBytes: Number(match[1]) * 1024, cpuMs };
}
