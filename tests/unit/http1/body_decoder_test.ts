import { assert, assertEquals } from "@std/assert";
import { Framing, latin1, latin1Bytes } from "../../../mod/http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault } from "../../../mod/http1/mod.ts";
import { chunkedLimits, type ChunkedRow, chunkedRows } from "../../vectors/http1/chunked_rows.ts";

interface Outcome {
  data: string;
  trailers: string[];
  leftover: string;
  fault: string;
}

function decode(stream: Uint8Array, cuts: readonly number[]): Outcome {
  const decoder = new BodyDecoder();
  decoder.reset(Framing.chunked, -1, chunkedLimits);
  let data = "";
  let at = 0;
  for (const end of [...cuts, stream.length]) {
    while (at < end && !decoder.done) {
      const next = decoder.step(stream, at, end);
      if (next < 0) return { data, trailers: [], leftover: "", fault: describeFault(next).name };
      assert(next > at && next <= end, `step from ${at} to ${next} of ${end}`);
      data += latin1(stream, decoder.dataStart, decoder.dataEnd);
      at = next;
    }
  }
  if (!decoder.done) {
    assertEquals(decoder.finishAtEof(), false);
    return { data, trailers: [], leftover: "", fault: "partial" };
  }
  const trailers = decoder.trailers.map(({ name, value }) => `${name}: ${value}`);
  return { data, trailers, leftover: latin1(stream, at, stream.length), fault: "" };
}

function expected({ data, trailers, leftover, fault }: ChunkedRow): Outcome {
  return { data, trailers: [...trailers], leftover, fault };
}

for (const row of chunkedRows) {
  Deno.test(`BodyDecoder chunked: ${row.name}`, () => {
    const stream = latin1Bytes(row.bytes);
    const offsets = Array.from({ length: stream.length }, (_, i) => i + 1);
    assertEquals(decode(stream, []), expected(row), "at once");
    assertEquals(decode(stream, offsets), expected(row), "byte by byte");
    for (const cut of offsets) {
      assertEquals(decode(stream, [cut]), expected(row), `split at ${cut}`);
    }
  });
}

Deno.test("BodyDecoder is done at once when there is no body", () => {
  const decoder = new BodyDecoder();
  for (
    const [framing, length] of [[Framing.none, -1], [Framing.none, 5], [Framing.length, 0]] as const
  ) {
    decoder.reset(framing, length, defaultLimits);
    assert(decoder.done);
    assertEquals(decoder.step(new Uint8Array(4), 1, 4), 1);
    assertEquals(decoder.dataEnd - decoder.dataStart, 0);
  }
});

Deno.test("BodyDecoder tells how many of the next bytes are data", () => {
  const decoder = new BodyDecoder();
  decoder.reset(Framing.length, 5, defaultLimits);
  assertEquals(decoder.dataAhead, 5);
  decoder.step(latin1Bytes("hel"), 0, 3);
  assertEquals(decoder.dataAhead, 2);
  decoder.step(latin1Bytes("lo"), 0, 2);
  assertEquals(decoder.dataAhead, 0);
  decoder.reset(Framing.chunked, -1, chunkedLimits);
  const chunk = latin1Bytes("5\r\nhello\r\n");
  for (const [end, ahead] of [[1, 0], [3, 5], [6, 2], [8, 0], [10, 0]]) {
    let at = 0;
    decoder.reset(Framing.chunked, -1, chunkedLimits);
    while (at < end) at = decoder.step(chunk, at, end);
    assertEquals(decoder.dataAhead, ahead, `after ${end} bytes`);
  }
  decoder.reset(Framing.eof, -1, defaultLimits);
  assertEquals(decoder.dataAhead, 0);
});

Deno.test("BodyDecoder consumes exactly the length and leaves the rest", () => {
  const decoder = new BodyDecoder();
  decoder.reset(Framing.length, 5, defaultLimits);
  const bytes = latin1Bytes("xxhelGET");
  assertEquals(decoder.step(bytes, 2, 5), 5);
  assertEquals([decoder.dataStart, decoder.dataEnd, decoder.remaining], [2, 5, 2]);
  assert(!decoder.done);
  assertEquals(decoder.finishAtEof(), false);
  assertEquals(decoder.step(latin1Bytes("loGET"), 0, 5), 2);
  assertEquals([decoder.dataStart, decoder.dataEnd, decoder.dataBytes], [0, 2, 5]);
  assert(decoder.done);
  assert(decoder.finishAtEof());
});

Deno.test("BodyDecoder without a length consumes everything and is done when the peer closes", () => {
  const decoder = new BodyDecoder();
  decoder.reset(Framing.eof, -1, defaultLimits);
  assertEquals(decoder.step(new Uint8Array(9), 3, 9), 9);
  assertEquals([decoder.dataStart, decoder.dataEnd], [3, 9]);
  assert(!decoder.done);
  assert(decoder.finishAtEof());
  assert(decoder.done);
});

Deno.test("BodyDecoder.reset clears all state", () => {
  const decoder = new BodyDecoder();
  for (
    const half of ["5", "5;abc", "5\r", "5\r\nab", "1\r\na", "0\r\nA: b\r\n", "0\r\nA: b\r\n\r\n"]
  ) {
    decoder.reset(Framing.chunked, -1, chunkedLimits);
    const bytes = latin1Bytes(half);
    for (let at = 0; at < bytes.length;) at = decoder.step(bytes, at, bytes.length);
    decoder.reset(Framing.chunked, -1, chunkedLimits);
    const body = latin1Bytes("2\r\nok\r\n0\r\n\r\n");
    assertEquals(decoder.step(body, 0, body.length), 5);
    assertEquals(latin1(body, decoder.dataStart, decoder.dataEnd), "ok");
    assertEquals(decoder.step(body, 5, body.length), body.length);
    assert(decoder.done);
    assertEquals(decoder.trailers.length, 0);
  }
});
