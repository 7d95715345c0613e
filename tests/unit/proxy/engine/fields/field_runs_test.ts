import { assertEquals } from "@std/assert";
import {
  HeadWriter,
  latin1,
  latin1Bytes,
  Method,
  ResponseHead,
} from "../../../../../mod/http/mod.ts";
import { defaultLimits, parseResponseHead } from "../../../../../mod/http1/mod.ts";
import { FieldRuns } from "../../../../../mod/proxy/engine/fields/field_runs.ts";

/** Keeps the fields at `kept` of a head with these field lines. */
function keep(lines: string, kept: readonly number[], wasLines = true): string {
  const bytes = latin1Bytes(`HTTP/1.1 200 OK\r\n${lines}\r\n`);
  const head = new ResponseHead();
  parseResponseHead(head, bytes, 0, bytes.length, defaultLimits, 0, Method.get);
  if (!wasLines) head.fieldsEnd = -1;
  const writer = new HeadWriter();
  const runs = new FieldRuns();
  for (const index of kept) runs.keep(writer, head, index);
  runs.flush(writer, head);
  return latin1(writer.bytes, 0, writer.length);
}

const lines = ["a: 1\r\n", "B:\t2 \r\n", "c:\r\n", "d:  4  \t\r\n"];

Deno.test("FieldRuns copies every selection of lines byte for byte", () => {
  for (const wasLines of [true, false]) {
    for (let selection = 0; selection < 16; selection++) {
      const kept = [0, 1, 2, 3].filter((index) => (selection & (1 << index)) !== 0);
      const expected = kept.map((index) => lines[index]).join("");
      assertEquals(keep(lines.join(""), kept, wasLines), expected);
    }
  }
});

Deno.test("FieldRuns forwards no line end that is a bare LF", () => {
  assertEquals(keep("a: 1\nb: 2\r\nc: 3 \n", [0, 1, 2]), "a: 1\r\nb: 2\r\nc: 3\r\n");
});
