import { assertEquals, assertThrows } from "@std/assert";
import { latin1 } from "../../../mod/http/mod.ts";
import { chunkSizeBytesMax, writeChunkSize } from "../../../mod/http1/mod.ts";

Deno.test("writeChunkSize() writes hex and CRLF", () => {
  const bytes = new Uint8Array(1 + chunkSizeBytesMax);
  for (const size of [1, 9, 15, 16, 255, 4096, 65536, 4294967296, Number.MAX_SAFE_INTEGER]) {
    const end = writeChunkSize(bytes, 1, size);
    assertEquals(latin1(bytes, 1, end), `${size.toString(16)}\r\n`);
  }
  assertThrows(() => writeChunkSize(bytes, 0, 0), RangeError);
});
