import { assert } from "@std/assert";
import { huffmanDecode } from "../../../../mod/http2/hpack/huffman_decode.ts";
import { huffmanEncode } from "../../../../mod/http2/hpack/huffman_encode.ts";

Deno.test("Huffman: every pair of bytes, and every length", () => {
  const coded = new Uint8Array(64);
  const decoded = new Uint8Array(64);
  const check = (input: Uint8Array) => {
    const end = huffmanEncode(input, 0, input.length, coded, 0);
    const length = huffmanDecode(coded, 0, end, decoded, 0);
    assert(length === input.length, `length ${length} of ${input}`);
    for (let i = 0; i < length; i++) assert(decoded[i] === input[i], `${input}`);
  };
  for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b += 3) check(Uint8Array.of(a, b, 0x61));
  for (let length = 0; length < 14; length++) check(new Uint8Array(length).fill(0xff));
});
