/** Memory shared between processes through a file (mmap(2), MAP_SHARED). */
import { lazySymbols } from "./lazy_symbols.ts";
import { libc } from "./libc.ts";
import { O } from "./descriptor_flags.ts";
import { cString, libcProcess } from "./libc_process.ts";

/** Called a few times in the life of a process, so the slow 64-bit types are acceptable. */
const symbols = {
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
} as const;

const calls = lazySymbols(symbols);

const PROT = { read: 1, write: 2 } as const;
const mapShared = 1;
/** MAP_FAILED is (void *) -1. */
const failed = 0xffffffffffffffffn;

/**
 * Maps the first `bytes` of the file at `path`, which must be at least that long. The mapping lasts
 * as long as the process. Throws if the file cannot be opened or mapped.
 */
export function mapFile(path: string, bytes: number): ArrayBuffer {
  const fd = libcProcess.open(cString(path), O.rdwr | O.cloexec, 0);
  if (fd < 0) throw new Error(`Cannot map ${path}: it cannot be opened`);
  const pointer = calls.mmap(0n, BigInt(bytes), PROT.read | PROT.write, mapShared, fd, 0n);
  libc.close(fd);
  if (pointer === null || BigInt(Deno.UnsafePointer.value(pointer)) === failed) {
    throw new Error(`Cannot map ${path}: mmap failed`);
  }
  return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}
