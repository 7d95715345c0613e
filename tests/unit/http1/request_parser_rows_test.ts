import { assert, assertEquals } from "@std/assert";
import { latin1Bytes } from "../../../mod/http/mod.ts";
import { outcomeOf } from "../../vectors/http1/play_row.ts";
import { readStream, type Transcript } from "../../vectors/http1/read_stream.ts";
import { type RequestRow, requestRows } from "../../vectors/http1/request_rows.ts";

/** Streams longer than this are cut at fewer places, so that the whole table takes seconds. */
const everySplitBytesMax = 2000;

function expected(row: RequestRow): Transcript {
  return { reads: [...row.reads], leftover: row.leftover };
}

function isFaulty(row: RequestRow): boolean {
  return row.reads[row.reads.length - 1].startsWith("fault");
}

/** Reads a row in pieces; a fault may show only after the head has doubled. */
function readPieces(
  row: RequestRow,
  stream: Uint8Array,
  cuts: Iterable<number>,
  filler?: string,
): Transcript {
  const padding = isFaulty(row) ? stream.length : 0;
  return readStream(stream, cuts, null, undefined, padding, filler?.charCodeAt(0));
}

function* everyOffset(length: number, step: number): Generator<number> {
  for (let cut = 1; cut < length; cut += step) yield cut;
}

Deno.test("request rows: there are at least 150, and no name is used twice", () => {
  const names = new Set(requestRows.map((row) => row.name));
  assertEquals(names.size, requestRows.length);
  assert(requestRows.length >= 150, `${requestRows.length} rows`);
});

Deno.test("request rows: the codec's outcome of each is one that its RFC allows", () => {
  for (const row of requestRows) {
    const whole = outcomeOf(row.reads);
    assert(
      row.allowed.includes(whole),
      `${row.name}: ${whole} is not among ${row.allowed.join(", ")}`,
    );
  }
});

for (const row of requestRows) {
  Deno.test(`parseRequestHead and BodyDecoder: ${row.name} (RFC ${row.section})`, () => {
    const stream = latin1Bytes(row.bytes);
    assertEquals(readStream(stream, [], null), expected(row), "at once");
    for (const filler of ["\n", "\r", "a", "0"]) {
      const pieces = readPieces(row, stream, everyOffset(stream.length, 1), filler);
      assertEquals(pieces, expected(row), `byte by byte before ${JSON.stringify(filler)}`);
    }
    const step = stream.length <= everySplitBytesMax ? 1 : 997;
    for (const cut of everyOffset(stream.length, step)) {
      assertEquals(readPieces(row, stream, [cut]), expected(row), `split at ${cut}`);
    }
  });
}
