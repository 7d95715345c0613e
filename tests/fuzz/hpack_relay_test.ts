/**
 * Fields on their way from the connections of several clients to those of upstreams, through tables
 * that forget, resize and hold the same lines under other indexes. What leaves is what came.
 */
import { assertEquals } from "@std/assert";
import { encodeRequest } from "../../mod/conn/upstream/http2/request_block.ts";
import { HeadWriter } from "../../mod/http/head_writer.ts";
import { HpackDecoder } from "../../mod/http2/hpack/decoder.ts";
import { integerBytesMax, writeInteger } from "../../mod/http2/hpack/integer.ts";
import { staticFields } from "../../mod/http2/hpack/static_table.ts";
import { defaultSectionLimits, HeadSpace, HpackEncoder } from "../../mod/http2/mod.ts";
import { FieldRuns } from "../../mod/proxy/engine/fields/field_runs.ts";
import { bytes } from "../vectors/http2/wire.ts";
import { Random } from "./random.ts";

const requestCount = 4000;
const tableSizes = [0, 60, 150, 400, 1000, 4096];
const tableBytesMax = 4096;

type Field = readonly [name: string, value: string];

/** Few enough to repeat, and more than the cache of lines has slots. */
const pool: readonly Field[] = [
  ["accept-encoding", "gzip, deflate"],
  ...Array.from({ length: 40 }, (_, i): Field => [`x-${i % 7}`, `value ${i}`]),
  ...Array.from({ length: 300 }, (_, i): Field => ["user-agent", `agent ${i}${"x".repeat(i)}`]),
  ...Array.from({ length: 30 }, (_, i): Field => ["cookie", `id=${i}-0123456789abcdef01234567`]),
  ["authorization", "Bearer abc"],
  ["cookie", "short=1"],
];
const secrets = new Set([
  "authorization: Bearer abc",
  "cookie: short=1",
  "cookie: short=1; short=1",
]);

/** Codes fields in any way that RFC 7541 allows, whether it is sensible or not. */
class AnyEncoder {
  readonly #random: Random;
  readonly #table: Field[] = [];
  #limit = tableBytesMax;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The block, and for each field whether it came as never indexed. */
  encode(fields: readonly Field[]): { block: Uint8Array; never: boolean[] } {
    const parts: Uint8Array[] = [];
    if (this.#random.oneIn(50)) {
      this.#limit = this.#random.pick(tableSizes);
      this.#evict();
      parts.push(integer(0x20, 0x1f, this.#limit));
    }
    const never = fields.map((field) => this.#add(parts, field));
    return { block: bytes(...parts), never };
  }

  #add(parts: Uint8Array[], [name, value]: Field): boolean {
    const random = this.#random;
    const isField = (field: Field) => field[0] === name && field[1] === value;
    const places = [...staticFields, ...this.#table].flatMap((field, i) =>
      isField(field) ? [i + 1] : []
    );
    if (places.length > 0 && !random.oneIn(4)) {
      parts.push(integer(0x80, 0x7f, random.pick(places)));
      return false;
    }
    const kind = random.pick([0x40, 0x40, 0x00, 0x10]);
    parts.push(bytes(kind, integer(0, 0x7f, name.length), name));
    parts.push(bytes(integer(0, 0x7f, value.length), value));
    if (kind === 0x40) {
      this.#table.unshift([name, value]);
      this.#evict();
    }
    return kind === 0x10;
  }

  #evict(): void {
    const size = () =>
      this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.#limit) this.#table.pop();
  }
}

function integer(pattern: number, mask: number, value: number): Uint8Array {
  const room = new Uint8Array(integerBytesMax);
  return room.slice(0, writeInteger(room, 0, pattern, mask, value));
}

/** A peer, with what our encoder to it makes of heads. */
class Upstream {
  readonly encoder: HpackEncoder;
  readonly #space: HeadSpace;
  readonly #peer = new HeadSpace(defaultSectionLimits, tableBytesMax);
  readonly #decoder = new HpackDecoder(this.#peer.area, tableBytesMax);

  constructor(space: HeadSpace) {
    this.#space = space;
    this.encoder = new HpackEncoder(true, true, space.block, space.lines);
  }

  /** The host and the fields that the peer gets. */
  send(head: HeadWriter): string[] {
    const { block } = this.#space;
    block.clear();
    encodeRequest(this.encoder, head, false, false);
    return decoded(this.#peer, this.#decoder, block.bytes.slice(0, block.length));
  }
}

function decoded(space: HeadSpace, decoder: HpackDecoder, block: Uint8Array): string[] {
  const { request } = space;
  request.begin();
  assertEquals(decoder.decode(block, 0, block.length, request), 0);
  assertEquals([request.conclude(true), request.fault], [true, 0]);
  const { head } = request;
  const lines = [`host: ${head.hostText()}`];
  for (let i = 0; i < head.fieldCount; i++) {
    lines.push(`${head.name(i)}: ${head.value(i)}${head.isNeverIndexed(i) ? " (never)" : ""}`);
  }
  return lines;
}

/** The head as the proxy writes it for any upstream. */
function written({ request }: HeadSpace): HeadWriter {
  const writer = new HeadWriter();
  const { head } = request;
  writer.known.isWanted = true;
  writer.ascii("GET / HTTP/1.1\r\nhost: ");
  const hostAt = writer.length - 6;
  writer.copyOf(head, head.hostStart, head.hostEnd);
  writer.lineEnd();
  if (head.hostNumber > 0) {
    writer.known.add(hostAt, hostAt + 4, writer.length, head.hostNumber);
  }
  const runs = new FieldRuns();
  for (let i = 0; i < head.fieldCount; i++) runs.keep(writer, head, i);
  runs.flush(writer, head);
  writer.ascii("via: 2 proxy\r\n");
  return writer;
}

/** The fields as lines; cookies are one line, at the place of the first (RFC 9113 8.2.3). */
function expectedLines(fields: readonly Field[], never: readonly boolean[]): string[] {
  const crumbs = fields.flatMap(([name], i) => name === "cookie" ? [i] : []);
  return fields.flatMap(([name, value], i) => {
    const isCookie = name === "cookie";
    if (isCookie && i !== crumbs[0]) return [];
    const whole = isCookie ? crumbs.map((crumb) => fields[crumb][1]).join("; ") : value;
    const cameSo = isCookie ? crumbs.some((crumb) => never[crumb]) : never[i];
    const line = `${name}: ${whole}`;
    return [cameSo || secrets.has(line) ? `${line} (never)` : line];
  });
}

Deno.test("fields pass from the tables of clients to those of upstreams unchanged", () => {
  const seed = Random.freshSeed();
  const random = new Random(seed);
  const server = new HeadSpace(defaultSectionLimits, tableBytesMax);
  const shared = new HeadSpace(defaultSectionLimits, tableBytesMax);
  const upstreams = [0, 1].map(() => new Upstream(shared));
  const clients = Array.from({ length: 5 }, (_, i) => ({
    encoder: new AnyEncoder(random),
    decoder: new HpackDecoder(server.area, tableBytesMax),
    host: `${"a".repeat(i + 1)}.example`,
  }));
  // Most requests take their fields from a few, so that the tables have them.
  const usual = Array.from({ length: 12 }, () => random.pick(pool));
  for (let i = 0; i < requestCount; i++) {
    const { encoder, decoder, host } = random.pick(clients);
    const fields = Array.from(
      { length: random.below(6) },
      () => random.oneIn(6) ? random.pick(pool) : random.pick(usual),
    );
    const pseudo: Field[] = [[":method", "GET"], [":scheme", "http"], [":path", "/"]];
    const { block, never } = encoder.encode([...pseudo, [":authority", host], ...fields]);
    decoded(server, decoder, block);
    if (random.oneIn(40)) random.pick(upstreams).encoder.limitTable(random.pick(tableSizes));
    const expected = expectedLines(fields, never.slice(pseudo.length + 1));
    const head = written(server);
    assertEquals(
      random.pick(upstreams).send(head),
      [`host: ${host}`, ...expected, "via: 2 proxy"],
      `seed ${seed}, request ${i}`,
    );
  }
});
