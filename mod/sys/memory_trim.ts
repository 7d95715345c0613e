/** Handing freed memory back to the kernel (malloc_trim(3)). */
import { lazySymbols } from "./lazy_symbols.ts";

const symbols = {
  /**
   * On Deno's thread pool: with hundreds of megabytes to hand back it takes a tenth of a second. The
   * parameter is a size_t, and null a zero of that width.
   */
  malloc_trim: { parameters: ["pointer"], result: "i32", nonblocking: true, optional: true },
} as const;

const calls = lazySymbols(symbols);

/**
 * Hands free pages of all heaps of malloc(3) back to the kernel. glibc does so by itself only at the
 * end of its main heap, and one live block there keeps all free memory below it. Resolves when it is
 * done; does nothing with a C library that has no such call.
 */
export async function trimMemory(): Promise<void> {
  const trim = calls.malloc_trim as ((pad: null) => Promise<number>) | null;
  await trim?.(null);
}
