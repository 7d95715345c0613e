import { assert, assertEquals } from "@std/assert";
import { describeFault, Fault, latin1Bytes } from "../../../mod/http1/mod.ts";
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
function readPieces(row: RequestRow, stream: Uint8Array, cuts: Iterable<number>): Transcript {
  return readStream(stream, cuts, null, undefined, isFaulty(row) ? stream.length : 0);
}

function* everyOffset(length: number, step: number): Generator<number> {
  for (let cut = 1; cut < length; cut += step) yield cut;
}

Deno.test("request rows: there are at least 150, and no name is used twice", () => {
  const names = new Set(requestRows.map((row) => row.name));
  assertEquals(names.size, requestRows.length);
  assert(requestRows.length >= 150, `${requestRows.length} rows`);
});

Deno.test("request rows: what the codec makes of each is an outcome that its RFC allows", () => {
  for (const row of requestRows) {
    const last = row.reads[row.reads.length - 1];
    const answers = row.reads.filter((read) => !/^(fault|partial)/.test(read)).map(() => "any");
    let outcome = last.endsWith(" close") ? "close" : "next";
    if (last === "partial head" || last === "partial body") outcome = "wait";
    if (last.startsWith("fault ")) {
      const { status } = describeFault(Fault[last.slice(6) as keyof typeof Fault]);
      outcome = `${status} close`;
    }
    const whole = [...answers, outcome].join(" ");
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
    assertEquals(
      readPieces(row, stream, everyOffset(stream.length, 1)),
      expected(row),
      "byte by byte",
    );
    const step = stream.length <= everySplitBytesMax ? 1 : 997;
    for (const cut of everyOffset(stream.length, step)) {
      assertEquals(readPieces(row, stream, [cut]), expected(row), `split at ${cut}`);
    }
  });
}
