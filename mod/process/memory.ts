/** Keeping a process small that works for a moment and then sleeps for weeks. */

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
