import { assertEquals } from "@std/assert";
import { Utf8Check } from "../../../mod/web_socket/utf8_check.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

Deno.test("Utf8Check agrees with TextDecoder on all edges of characters, at every split", () => {
  // The bytes at which the rules of RFC 3629 change.
  const edges = [
    0x00,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xe1,
  ];
  edges.push(0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
  const check = new Utf8Check();
  const judge = (bytes: Uint8Array, cut: number) => {
    check.reset();
    return check.take(bytes, 0, cut) && check.take(bytes, cut, bytes.length) && check.isComplete;
  };
  for (const first of edges) {
    for (const second of edges) {
      for (const third of edges) {
        for (const fourth of [0x41, 0x80, 0xbf, 0xc2]) {
          const bytes = Uint8Array.of(first, second, third, fourth);
          const expected = isUtf8(bytes);
          for (let cut = 0; cut <= 4; cut++) assertEquals(judge(bytes, cut), expected, `${bytes}`);
        }
      }
    }
  }
});
