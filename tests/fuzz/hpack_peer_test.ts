/** Random field sections, coded by us and decoded by another implementation, and vice versa. */
import { assertEquals } from "@std/assert";
import { latin1Bytes } from "../../mod/http/latin1.ts";
import { MessageHead } from "../../mod/http/message_head.ts";
import { FieldSection } from "../../mod/http2/fields/field_section.ts";
import { ByteWriter } from "../../mod/http2/frames/byte_writer.ts";
import { HpackDecoder } from "../../mod/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../mod/http2/hpack/encoder.ts";
import { LineArea } from "../../mod/http2/hpack/line_area.ts";
import { LineCache } from "../../mod/http2/hpack/line_cache.ts";
import { defaultSectionLimits } from "../../mod/http2/mod.ts";
import { peerPath, peerTest } from "../support/peers.ts";
import { Random } from "./random.ts";

const sectionCount = 300;

/**
 * Reads one JSON line per section: `fields` to code, `block` to decode, both in hex, and the size of
 * the tables. Writes the same the other way round.
 */
const program = `
import json, sys
from hpack import Encoder, Decoder
encoder, decoder = Encoder(), Decoder()
for line in sys.stdin:
    step = json.loads(line)
    if step["size"] is not None:
        encoder.header_table_size = step["size"]
        decoder.max_allowed_table_size = max(step["size"], decoder.max_allowed_table_size)
    pairs = [tuple(bytes.fromhex(part) for part in pair) for pair in step["fields"]]
    block = encoder.encode(pairs, huffman=step["huffman"])
    fields = decoder.decode(bytes.fromhex(step["block"]), raw=True)
    print(json.dumps({
        "block": block.hex(),
        "fields": [[bytes(name).hex(), bytes(value).hex()] for name, value in fields],
    }))
`;

type Pair = readonly [name: string, value: string];

class AllFields extends FieldSection {
  constructor(area: LineArea) {
    super(new MessageHead(true, 128), defaultSectionLimits, area);
  }

  protected addKnown(...field: Parameters<FieldSection["add"]>): void {
    this.append(...field);
  }
}

const names = [
  "accept",
  "user-agent",
  "x-a",
  "cookie",
  "etag",
  "date",
  "x-very-long-name-of-a-field",
];

function randomFields(random: Random): Pair[] {
  return Array.from({ length: random.below(12) }, () => {
    const characters = Array.from({ length: random.pick([0, 1, 5, 40, 200]) }, () => {
      if (random.oneIn(3)) return String.fromCharCode(0x61 + random.below(26));
      return String.fromCharCode(
        random.oneIn(4) ? 0x80 + random.below(128) : 0x21 + random.below(94),
      );
    });
    const value = random.oneIn(2) ? `repeats ${random.below(6)}` : characters.join("");
    return [random.pick(names), value] as const;
  });
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const hexPair = ([name, value]: Pair) => [toHex(latin1Bytes(name)), toHex(latin1Bytes(value))];

peerTest(
  "python3-hpack",
  `HPACK agrees with python3-hpack on ${sectionCount} sections`,
  async () => {
    const random = new Random(Random.freshSeed());
    const block = new ByteWriter();
    const encoder = new HpackEncoder(false, true, block, new LineCache());
    const sections: Pair[][] = [];
    const steps: string[] = [];
    for (let i = 0; i < sectionCount; i++) {
      const fields = randomFields(random);
      const size = random.oneIn(20) ? random.pick([0, 64, 500, 4096]) : null;
      const lines = latin1Bytes(fields.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
      if (size !== null) encoder.limitTable(size);
      block.clear();
      encoder.begin();
      encoder.lines(lines, 0, lines.length, null);
      sections.push(fields);
      steps.push(JSON.stringify({
        fields: fields.map(hexPair),
        size,
        huffman: random.oneIn(2),
        block: toHex(block.bytes.subarray(0, block.length)),
      }));
    }
    const child = new Deno.Command(peerPath("python3-hpack"), {
      args: ["-c", program],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const writer = child.stdin.getWriter();
    const written = writer.write(new TextEncoder().encode(steps.join("\n") + "\n")).then(() =>
      writer.close()
    );
    const { stdout } = await child.output();
    await written;
    const answers = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(answers.length, sectionCount, `seed ${random.seed}`);
    const area = new LineArea(4096);
    const decoder = new HpackDecoder(area, 4096);
    const section = new AllFields(area);
    answers.forEach((answer, i) => {
      const what = `seed ${random.seed}, section ${i}`;
      assertEquals(answer.fields, sections[i].map(hexPair), `${what}: what it decoded`);
      const coded = fromHex(answer.block);
      section.begin();
      assertEquals(decoder.decode(coded, 0, coded.length, section), 0, what);
      const { head } = section;
      head.bytes = area.bytes;
      const found = Array.from(
        { length: head.fieldCount },
        (_, at) => [head.name(at), head.value(at)],
      );
      assertEquals(found, sections[i].map((pair) => [...pair]), `${what}: what we decoded`);
    });
  },
);
