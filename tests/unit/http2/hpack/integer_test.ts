import { assertEquals } from "@std/assert";
import { IntegerReader, writeInteger } from "../../../../mod/http2/hpack/integer.ts";
import { hex } from "../../../vectors/http2/wire.ts";

Deno.test("RFC 7541 C.1 and the bounds of integers", () => {
  const reader = new IntegerReader();
  const rows = [[10, 0x1f, "0a"], [1337, 0x1f, "1f 9a 0a"], [42, 0xff, "2a"], [127, 0x7f, "7f 00"]];
  for (const [value, mask, coded] of rows as [number, number, string][]) {
    const buffer = new Uint8Array(8);
    const end = writeInteger(buffer, 0, 0, mask, value);
    assertEquals(buffer.slice(0, end), hex(coded));
    assertEquals(reader.read(buffer, 0, end, mask), value);
    assertEquals(reader.at, end);
  }
  for (const value of [0, 1, 14, 15, 16, 141, 142, 16_398, 2 ** 21, 2 ** 28 - 1]) {
    const buffer = new Uint8Array(8);
    assertEquals(reader.read(buffer, 0, writeInteger(buffer, 0, 0, 15, value), 15), value);
  }
});
