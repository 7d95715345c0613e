/** Keeping a process small that works for a moment and then sleeps for weeks. */
import { libcProcess } from "../sys/libc_process.ts";

/** More than V8's soft limit for memory outside its heap (64 MiB in V8 14). */
const nudgeBytes = 70 * 2 ** 20;

/**
 * Lets V8 collect garbage soon. A process that sleeps never reaches the point where it would do so
 * by itself, and there is no call for it; but V8 begins a collection when so much is allocated
 * outside its heap. The pages are never touched, so they cost an mmap(2) and nothing else.
 */
export function suggestCollection(): void {
  try {
    new ArrayBuffer(nudgeBytes);
  } catch (error) {
    // Strict accounting of memory (vm.overcommit_memory=2): then the garbage stays a while longer.
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
