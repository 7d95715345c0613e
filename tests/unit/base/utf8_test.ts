import { assertEquals } from "@std/assert";
import { writeUtf8 } from "../../../mod/base/utf8.ts";

const texts = ["", "a", "x".repeat(128), "x".repeat(129), "caf\u00e9", "x".repeat(127) + "\u20ac"];

Deno.test("writeUtf8() writes what TextEncoder does, at any place", () => {
  for (const text of [...texts, "\u{1f600} and \ud83d alone", "\ufeffmark"]) {
    const expected = new TextEncoder().encode(text);
    for (const at of [0, 7]) {
      const target = new Uint8Array(at + 3 * text.length);
      const length = writeUtf8(text, target, at);
      assertEquals(target.subarray(at, at + length), expected, text);
    }
  }
});
