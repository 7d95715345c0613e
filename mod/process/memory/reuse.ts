/** Keeps memory that is freed and needed again in the process. */
import { keepFreedMemory } from "../../sys/memory_reuse.ts";

/** What may stay at the end of a heap of malloc(3). */
const keptBytesMax = 64 << 20;
/** The most that malloc(3) allows: larger blocks are always the kernel's. */
const heapBlockBytesMax = 32 << 20;

let isKept = false;

/**
 * For a process that allocates and frees large blocks all the time, as the array buffers of bodies: by
 * itself glibc hands blocks and the end of its heap back to the kernel, which clears the pages again
 * when they are next touched (0.5 ms for 10 MB). It learns from what is freed not to do so, up to these
 * very limits, but only some of it. `keepMemory` hands back what an idle process has kept.
 */
export function reuseFreedMemory(): void {
  if (isKept) return;
  isKept = true;
  keepFreedMemory(keptBytesMax, heapBlockBytesMax);
}
