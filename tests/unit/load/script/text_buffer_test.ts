import { assertEquals } from "@std/assert";
import { TextBuffer } from "../../../../mod/load/script/text_buffer.ts";

Deno.test("a text buffer holds texts of any length, and the last one alone", () => {
  const buffer = new TextBuffer();
  const texts = [
    "a",
    "",
    "ä€😀",
    "€".repeat(20_000),
    "b".repeat(16 * 1024),
    "\ud800",
    "c".repeat(1e6),
  ];
  for (const text of texts) {
    const length = buffer.encode(text);
    assertEquals(buffer.bytes.slice(0, length), new TextEncoder().encode(text));
  }
});
