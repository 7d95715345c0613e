import { assertEquals } from "@std/assert";
import { reuseFreedMemory } from "../../../../mod/process/memory/reuse.ts";
import { lazySymbols } from "../../../../mod/sys/lazy_symbols.ts";

const libc = lazySymbols({
  malloc: { parameters: ["u32"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
});
const blockBytes = 8 << 20;

/** A block of malloc(3), as bytes. */
function allocate(): { pointer: Deno.PointerValue; bytes: Uint8Array } {
  const pointer = libc.malloc(blockBytes);
  const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer!, blockBytes);
  return { pointer, bytes: new Uint8Array(buffer) };
}

Deno.test("reuseFreedMemory() has large blocks used again, and not cleared by the kernel", () => {
  reuseFreedMemory();
  const first = allocate();
  first.bytes[blockBytes / 2] = 7;
  libc.free(first.pointer);
  const second = allocate();
  assertEquals(second.bytes[blockBytes / 2], 7);
  libc.free(second.pointer);
});
