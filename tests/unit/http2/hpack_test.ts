/** HPACK against the examples of RFC 7541 appendix C, against itself, and its limits. */
import { assert, assertEquals } from "@std/assert";
import { latin1, latin1Bytes } from "../../../mod/http/latin1.ts";
import { FieldSection } from "../../../mod/http2/fields/field_section.ts";
import { ByteWriter } from "../../../mod/http2/frames/byte_writer.ts";
import { HpackDecoder } from "../../../mod/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../mod/http2/hpack/encoder.ts";
import { huffmanDecode } from "../../../mod/http2/hpack/huffman_decode.ts";
import { huffmanEncode, huffmanLength } from "../../../mod/http2/hpack/huffman_encode.ts";
import { IntegerReader, writeInteger } from "../../../mod/http2/hpack/integer.ts";
import { LineArea } from "../../../mod/http2/hpack/line_area.ts";
import { defaultSectionLimits } from "../../../mod/http2/mod.ts";
import { MessageHead } from "../../../mod/http/message_head.ts";
import { examples } from "../../vectors/http2/hpack_rows.ts";
import { bytes, hex } from "../../vectors/http2/wire.ts";

/** Keeps every field as it was decoded, pseudo fields too. */
class AllFields extends FieldSection {
  readonly #area: LineArea;

  constructor(area: LineArea, limits = defaultSectionLimits) {
    super(new MessageHead(true, 512), limits, area);
    this.#area = area;
  }

  protected addKnown(...field: Parameters<FieldSection["add"]>): void {
    this.append(...field);
  }

  text(): string {
    const { head } = this;
    head.bytes = this.#area.bytes;
    return Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}: ${head.value(i)}${head.isNeverIndexed(i) ? " (never)" : ""}`,
    ).join("|");
  }
}

class Pair {
  readonly area = new LineArea(4096);
  readonly decoder: HpackDecoder;
  readonly fields = new AllFields(this.area);
  readonly block = new ByteWriter();
  readonly encoder = new HpackEncoder(false, true, this.block);

  constructor(tableBytesMax = 4096) {
    this.decoder = new HpackDecoder(this.area, tableBytesMax);
  }

  decode(block: Uint8Array): string {
    this.fields.begin();
    const code = this.decoder.decode(block, 0, block.length, this.fields);
    return code === 0 ? this.fields.text() : `error ${code}`;
  }

  encode(lines: string): Uint8Array {
    const input = latin1Bytes(lines);
    this.block.clear();
    this.encoder.begin();
    this.encoder.lines(input, 0, input.length, null);
    return this.block.bytes.slice(0, this.block.length);
  }
}

for (const { section, tableBytesMax, steps } of examples) {
  Deno.test(`RFC 7541 ${section}`, () => {
    const pair = new Pair(tableBytesMax);
    for (const [block, fields, size] of steps) {
      assertEquals(pair.decode(hex(block)), fields.replace("secret", "secret (never)"));
      assertEquals(pair.decoder.table.size, size);
    }
  });
}

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

Deno.test("Huffman: every pair of bytes, and every length", () => {
  const coded = new Uint8Array(64);
  const decoded = new Uint8Array(64);
  const check = (input: Uint8Array) => {
    const end = huffmanEncode(input, 0, input.length, coded, 0);
    assertEquals(end, huffmanLength(input, 0, input.length));
    const length = huffmanDecode(coded, 0, end, decoded, 0);
    assert(length === input.length, `length ${length} of ${input}`);
    for (let i = 0; i < length; i++) assert(decoded[i] === input[i], `${input}`);
  };
  for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b += 3) check(Uint8Array.of(a, b, 0x61));
  for (let length = 0; length < 14; length++) check(new Uint8Array(length).fill(0xff));
});

Deno.test("lines of HTTP/1 heads come out in lower case, without those of the connection", () => {
  const pair = new Pair();
  const lines = "Server: hayate\r\nConnection: close, X-A\r\nTransfer-Encoding: chunked\r\n" +
    "Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nTE: gzip\r\nX-Empty:\r\n" +
    "X-Blank: \t a b \t\r\nSet-Cookie: a=b\r\nTE: trailers\r\nX-Latin: \xe9\r\n";
  const expected = "server: hayate|x-empty: |x-blank: a b|set-cookie: a=b (never)|te: trailers|" +
    "x-latin: \xe9";
  for (let round = 0; round < 4; round++) assertEquals(pair.decode(pair.encode(lines)), expected);
});

Deno.test("a line that repeats is an index from its third time on, a secret never", () => {
  const pair = new Pair();
  const line = "x-kind: one of many\r\n";
  const lengths = [1, 2, 3, 4].map(() => pair.encode(line).length);
  assertEquals([lengths[2], lengths[3]], [1, 1]);
  assert(lengths[0] > 10 && lengths[1] > 10);
  for (const secret of ["authorization: Basic abc\r\n", "set-cookie: id=1\r\n"]) {
    for (let i = 0; i < 4; i++) {
      const block = pair.encode(secret);
      assertEquals(block[0] & 0xf0, 0x10, "a literal that is never indexed");
      pair.decode(block);
    }
  }
});

Deno.test("lines that are marked stay never indexed", () => {
  const pair = new Pair();
  const lines = latin1Bytes("a: 1\r\nb: 2\r\nc: 3\r\n");
  pair.block.clear();
  pair.encoder.lines(lines, 0, lines.length, { count: 1, starts: Int32Array.of(6) });
  const block = pair.block.bytes.slice(0, pair.block.length);
  assertEquals(pair.decode(block), "a: 1|b: 2 (never)|c: 3");
});

Deno.test("the encoder keeps to the peer's table, and says so when it changes", () => {
  const pair = new Pair();
  const lines = (i: number) => `x-a: ${"v".repeat(40)}\r\nx-b: value ${i % 3}\r\nx-c: other\r\n`;
  const expected = (i: number) => `x-a: ${"v".repeat(40)}|x-b: value ${i % 3}|x-c: other`;
  const limits = [4096, 4096, 0, 0, 100, 200, 4096, 50, 0, 4096, 4096];
  for (let i = 0; i < 60; i++) {
    if (i % 3 === 0) {
      pair.encoder.limitTable(limits[(i / 3) % limits.length]);
      pair.encoder.limitTable(limits[(i / 3 + 1) % limits.length]);
    }
    assertEquals(pair.decode(pair.encode(lines(i))), expected(i));
  }
});

Deno.test("a prepared block fits any state of the table", () => {
  const pair = new Pair();
  const block = new ByteWriter();
  const encoder = new HpackEncoder(false, false, block);
  const lines = latin1Bytes("server: hayate\r\ncontent-type: text/plain\r\n");
  for (const status of [200, 404, 103, 599]) {
    block.clear();
    encoder.status(status);
    encoder.lines(lines, 0, lines.length, null);
    const bytes = block.bytes.slice(0, block.length);
    const expected = `:status: ${status}|server: hayate|content-type: text/plain`;
    assertEquals(pair.decode(bytes), expected);
    pair.decode(pair.encode("x: y\r\n"));
    assertEquals(pair.decode(bytes), expected);
  }
});

/** `name: value`, with or without indexing, as a block. */
function literal(first: number, name: string, value: string): Uint8Array {
  return bytes(first, name.length, name, value.length, value);
}

Deno.test("fields that a section took from the table survive insertions that move it", () => {
  const pair = new Pair();
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
  const pair = new Pair();
  pair.decode(literal(0x40, "n", "v".repeat(120)));
  const references = (count: number) => new Uint8Array(count).fill(0xbe);
  assertEquals(pair.decode(references(128)).split("|").length, 128);
  // One field more: refused, and the table still works.
  assert(pair.decode(references(129)) !== "");
  assertEquals(pair.fields.isRefused, true);
  assertEquals(pair.decode(hex("be")), `n: ${"v".repeat(120)}`);
  assertEquals(pair.decode(references(600)), "error 11");
  const wide = new Pair();
  const block = bytes(0x40, 1, "n", 0x7f, 0xf1, 0x1d, "v".repeat(3952));
  assertEquals(wide.decode(block).length, 3955);
  assertEquals(wide.decode(references(16)).length, 16 * 3956 - 1);
  wide.decode(references(17));
  assertEquals(wide.fields.isRefused, true);
  assertEquals(wide.decode(references(100)), "error 11");
});

Deno.test("a refused section keeps the table in step", () => {
  const pair = new Pair();
  const fillers = Array.from(
    { length: 140 },
    (_, i) => literal(0x40, `n${i}`, `${"v".repeat(90)}${i}`),
  );
  pair.decode(bytes(...fillers));
  assertEquals(pair.fields.isRefused, true);
  assertEquals(pair.decode(hex("be")), `n139: ${"v".repeat(90)}139`);
  assertEquals(latin1(pair.area.bytes, 0, 10), ":authority");
});
