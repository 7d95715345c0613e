/** How much freed memory malloc(3) keeps (mallopt(3)). */
import { lazySymbols } from "./lazy_symbols.ts";

const calls = lazySymbols({
  mallopt: { parameters: ["i32", "i32"], result: "i32", optional: true },
});

/** Of malloc.h. */
const [trimThreshold, mmapThreshold] = [-1, -3];

/**
 * malloc(3) keeps up to `keptBytes` free bytes at the end of a heap, and takes blocks below
 * `heapBlockBytes` from its heaps. Does nothing with a C library that has no such call.
 */
export function keepFreedMemory(keptBytes: number, heapBlockBytes: number): void {
  // Either call ends glibc's own adjustment of both, so both are needed.
  const mallopt = calls.mallopt as ((option: number, value: number) => number) | null;
  mallopt?.(trimThreshold, keptBytes);
  mallopt?.(mmapThreshold, heapBlockBytes);
}
