/** The decoder against the examples of RFC 7541 appendix C, its table and its limits. */
import { assert, assertEquals } from "@std/assert";
import { latin1 } from "../../../../mod/http/latin1.ts";
import { HpackDecoder } from "../../../../mod/http2/hpack/decoder.ts";
import { LineArea } from "../../../../mod/http2/hpack/line_area.ts";
import { AllFields, HpackPair } from "../../../vectors/http2/hpack_pair.ts";
import { examples } from "../../../vectors/http2/hpack_rows.ts";
import { bytes, hex } from "../../../vectors/http2/wire.ts";

for (const { section, tableBytesMax, steps } of examples) {
  Deno.test(`RFC 7541 ${section}`, () => {
    const pair = new HpackPair();
    pair.decoder.table.resize(tableBytesMax);
    for (const [block, fields, size] of steps) {
      assertEquals(pair.decode(hex(block)), fields.replace("secret", "secret (never)"));
      assertEquals(pair.decoder.table.size, size);
    }
  });
}

/** `name: value`, with or without indexing, as a block. */
function literal(first: number, name: string, value: string): Uint8Array {
  return bytes(first, name.length, name, value.length, value);
}

Deno.test("fields that a section took from the table survive insertions that move it", () => {
  const pair = new HpackPair();
  pair.decode(literal(0x40, "first", "in the table"));
  // Refers to the entry, then pushes it out of the table many times over.
  const fillers = Array.from({ length: 100 }, (_, i) => literal(0x40, `n${i}`, "v".repeat(100)));
  const section = pair.decode(bytes(0xbe, ...fillers));
  const expected = ["first: in the table", ...fillers.map((_, i) => `n${i}: ${"v".repeat(100)}`)];
  assertEquals(section.split("|"), expected);
});

Deno.test("connections that decode in turn keep their tables apart", () => {
  const area = new LineArea(4096);
  const fields = new AllFields(area);
  const decoders = [0, 1, 2].map(() => new HpackDecoder(area, 4096));
  const decode = (i: number, block: Uint8Array) => {
    fields.begin();
    assertEquals(decoders[i].decode(block, 0, block.length, fields), 0);
    return fields.text();
  };
  decoders.forEach((_, i) => decode(i, literal(0x40, "who", `decoder ${i}`)));
  for (let round = 0; round < 3; round++) {
    decoders.forEach((_, i) => {
      assertEquals(decode(i, hex("be be")), `who: decoder ${i}|who: decoder ${i}`);
    });
  }
});

Deno.test("limits count decoded fields: a bomb of references is refused, then ends the connection", () => {
  const pair = new HpackPair();
  pair.decode(literal(0x40, "n", "v".repeat(120)));
  const references = (count: number) => new Uint8Array(count).fill(0xbe);
  assertEquals(pair.decode(references(128)).split("|").length, 128);
  // One field more: refused, and the table still works.
  assert(pair.decode(references(129)) !== "");
  assertEquals(pair.fields.isRefused, true);
  assertEquals(pair.decode(hex("be")), `n: ${"v".repeat(120)}`);
  assertEquals(pair.decode(references(600)), "error 11");
  const wide = new HpackPair();
  const block = bytes(0x40, 1, "n", 0x7f, 0xf1, 0x1d, "v".repeat(3952));
  assertEquals(wide.decode(block).length, 3955);
  assertEquals(wide.decode(references(16)).length, 16 * 3956 - 1);
  wide.decode(references(17));
  assertEquals(wide.fields.isRefused, true);
  assertEquals(wide.decode(references(100)), "error 11");
});

Deno.test("a refused section keeps the table in step", () => {
  const pair = new HpackPair();
  const fillers = Array.from(
    { length: 140 },
    (_, i) => literal(0x40, `n${i}`, `${"v".repeat(90)}${i}`),
  );
  pair.decode(bytes(...fillers));
  assertEquals(pair.fields.isRefused, true);
  assertEquals(pair.decode(hex("be")), `n139: ${"v".repeat(90)}139`);
  assertEquals(latin1(pair.area.bytes, 0, 10), ":authority");
});

Deno.test("4.2 a smaller table holds from the acknowledgement, and has to be announced", () => {
  const insertion = literal(0x40, "n", "v".repeat(100));
  for (const announced of [true, false]) {
    const pair = new HpackPair(100);
    assertEquals(pair.decode(bytes(insertion, 0xbe)).split("|").length, 2);
    pair.decoder.settle(100);
    const update = bytes(0x3f, 100 - 31);
    const next = pair.decode(bytes(announced ? update : "", literal(0x40, "a", "b")));
    assertEquals(next, announced ? "a: b" : "error 9");
    if (!announced) continue;
    assertEquals(pair.decode(hex("be")), "a: b");
    assertEquals(pair.decode(bytes(0x3f, 101 - 31)), "error 9");
  }
});
