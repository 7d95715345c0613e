import { assertEquals, assertThrows } from "@std/assert";
import { ConstantBytes, HeadWriter, latin1 } from "../../../mod/http/mod.ts";
import { writeStatusLine } from "../../../mod/http1/mod.ts";

function text(writer: HeadWriter): string {
  return latin1(writer.bytes, 0, writer.length);
}

Deno.test("writeStatusLine() begins a response head, and another after clear()", () => {
  const writer = new HeadWriter(8);
  writeStatusLine(writer, 404);
  writer.field("Content-Type", "text/plain");
  writer.numberField(new ConstantBytes("Content-Length: "), 12);
  writer.lineEnd();
  const expected =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n";
  assertEquals(text(writer), expected);
  writer.clear();
  writeStatusLine(writer, 299);
  assertEquals(text(writer), "HTTP/1.1 299 Unknown\r\n");
});

Deno.test("writeStatusLine() refuses what is not a status", () => {
  for (const status of [99, 1000, 200.5, NaN]) {
    assertThrows(() => writeStatusLine(new HeadWriter(), status), RangeError);
  }
});
