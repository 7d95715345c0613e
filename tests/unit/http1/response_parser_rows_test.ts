import { assertEquals } from "@std/assert";
import { latin1Bytes } from "../../../mod/http/mod.ts";
import { readStream } from "../../vectors/http1/read_stream.ts";
import { responseRows } from "../../vectors/http1/response_rows.ts";

Deno.test("response rows: no name is used twice", () => {
  assertEquals(new Set(responseRows.map((row) => row.name)).size, responseRows.length);
});

for (const row of responseRows) {
  Deno.test(`parseResponseHead and BodyDecoder: ${row.name} (RFC ${row.section})`, () => {
    const stream = latin1Bytes(row.bytes);
    const expected = { reads: [...row.reads], leftover: row.leftover };
    const faulty = row.reads[row.reads.length - 1].startsWith("fault");
    const padding = faulty ? stream.length : 0;
    const offsets = Array.from({ length: stream.length }, (_, i) => i);
    assertEquals(readStream(stream, [], row.method), expected, "at once");
    assertEquals(readStream(stream, offsets, row.method, undefined, padding), expected, "by byte");
    const step = stream.length <= 2000 ? 1 : 997;
    for (let cut = 1; cut < stream.length; cut += step) {
      const pieces = readStream(stream, [cut], row.method, undefined, padding);
      assertEquals(pieces, expected, `split at ${cut}`);
    }
  });
}
