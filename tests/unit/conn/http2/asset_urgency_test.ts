import { assertEquals } from "@std/assert";
import { assetUrgency } from "../../../../mod/conn/http2/asset_urgency.ts";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";

Deno.test("assetUrgency() knows what pages wait for by its media type", () => {
  const rows: readonly (readonly [lines: string, urgency: number])[] = [
    ["content-type: text/css\r\n", 0],
    ["x: y\r\nContent-Type:text/css; charset=utf-8\r\nz: a\r\n", 0],
    ["content-type: application/javascript\r\n", 0],
    ["content-type: TEXT/ECMASCRIPT\r\n", 0],
    ["content-type: font/woff2\r\n", 1],
    ["content-type: application/font-woff\r\n", 1],
    ["content-type: text/cssx\r\n", -1],
    ["content-type: text/html\r\n", -1],
    ["x-content-type: text/css\r\n", -1],
    ["content-types: text/css\r\n", -1],
    ["content-type: \r\n", -1],
    [`content-type: ${"a".repeat(100)}\r\n`, -1],
    ["", -1],
  ];
  for (const [lines, urgency] of rows) {
    const bytes = latin1Bytes(lines);
    assertEquals(assetUrgency(bytes, 0, bytes.length), urgency, lines);
  }
  // What lies behind the lines is of an earlier head.
  const bytes = latin1Bytes("x: y\r\ncontent-type: text/css\r\n");
  assertEquals(assetUrgency(bytes, 0, 6), -1);
});
