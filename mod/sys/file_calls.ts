/** libc over FFI: files by descriptor. */
import { O } from "./descriptor_flags.ts";
import { compiledSymbols, lazySymbols } from "./lazy_symbols.ts";

const symbols = {
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  /** The 64-bit type costs a microsecond, once per 64 KB. */
  pread64: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  pwrite64: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
} as const;

/** The calls by their C names; after -1, `errno()` of libc.ts has the reason. */
export const fileCalls = lazySymbols(symbols);

/** Called for each file that is sent: with compiled code, from the first of them on. */
export const sendingCalls = compiledSymbols({
  /** The third parameter points to the offset, which the kernel advances. */
  sendfile64: { parameters: ["i32", "i32", "buffer", "u32"], result: "i32" },
}, []);

/**
 * For open(2). Nonblocking, so that a pipe without a writer cannot block us; no effect on regular
 * files.
 */
export const openReadFlags = O.nonblock | O.cloexec | O.noctty;

/** Most bytes that the kernel sends in one call (sendfile(2)). */
export const sendfileBytesMax = 0x7ffff000;

const offsetWords = new Uint32Array(2);

/**
 * sendfile(2) from `offset` of `file`. Returns the count, 0 at the end of the file, -1 with errno.
 * The offset is passed in a buffer because a 64-bit parameter would be slow.
 */
export function sendFile(socket: number, file: number, offset: number, length: number): number {
  offsetWords[0] = offset % 0x1_0000_0000;
  offsetWords[1] = Math.floor(offset / 0x1_0000_0000);
  return sendingCalls.sendfile64(socket, file, offsetWords, Math.min(length, sendfileBytesMax));
}
