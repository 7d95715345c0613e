import { assertEquals, assertThrows } from "@std/assert";
import { latin1, latin1Bytes } from "../../../mod/http/mod.ts";

Deno.test("latin1() and latin1Bytes() round-trip every byte at every length", () => {
  const bytes = Uint8Array.from({ length: 600 }, (_, i) => i & 0xff);
  for (let length = 0; length <= 300; length++) {
    const text = latin1(bytes, 7, 7 + length);
    assertEquals(text.length, length);
    assertEquals(latin1Bytes(text), bytes.slice(7, 7 + length));
  }
});

Deno.test("latin1() keeps long ASCII and byte order marks", () => {
  const text = "0123456789abcdef".repeat(20);
  assertEquals(latin1(latin1Bytes(text), 0, 320), text);
  const marked = "\xef\xbb\xbf" + text;
  assertEquals(latin1(latin1Bytes(marked), 0, 323), marked);
});

Deno.test("latin1Bytes() refuses wider characters", () => {
  assertThrows(() => latin1Bytes("\u0100"), TypeError);
});
