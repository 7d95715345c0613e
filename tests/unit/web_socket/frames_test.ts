import { assertEquals } from "@std/assert";
import {
  makeFrame,
  Opcode,
  textFrameBytesMax,
  writeTextFrame,
} from "../../../mod/web_socket/frames.ts";

/** Around each form of the length, in characters and in bytes. */
const lengths = [0, 1, 41, 42, 43, 63, 125, 126, 127, 21_845, 32_768, 65_535, 65_536, 70_000];

Deno.test("writeTextFrame() makes the frame of makeFrame(), at any place", () => {
  for (const length of lengths) {
    for (const character of ["a", "\u00e9", "\u20ac"]) {
      const text = character.repeat(length);
      const expected = makeFrame(Opcode.text, new TextEncoder().encode(text));
      const target = new Uint8Array(3 + textFrameBytesMax(length));
      const end = writeTextFrame(target, 3, text);
      assertEquals(end - 3, expected.length, `${length} x ${character}`);
      assertEquals(target.subarray(3, end), expected, `${length} x ${character}`);
    }
  }
});
