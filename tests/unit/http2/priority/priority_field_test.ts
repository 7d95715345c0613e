import { assertEquals } from "@std/assert";
import { readPriority } from "../../../../mod/http2/priority/priority_field.ts";
import { text } from "../../../vectors/http2/wire.ts";

const incremental = 8;

Deno.test("RFC 9218 4: urgency and incremental, and what is ignored", () => {
  const rows: readonly (readonly [string, number])[] = [
    ["", 3],
    ["u=0", 0],
    ["u=7", 7],
    ["u=8", 3],
    ["u=-1", 3],
    ["u=10", 3],
    ["u=1.0", 3],
    ["u", 3],
    ["i", 3 | incremental],
    ["i=?1", 3 | incremental],
    ["i=?0", 3],
    ["i=1", 3],
    ["u=2, i", 2 | incremental],
    ["i,u=5", 5 | incremental],
    [" u=1 ,\ti ", 1 | incremental],
    ["u=1;x=2, i;y", 1 | incremental],
    ["u=1, u=4", 4],
    ["i, i=?0", 3],
    ["foo=bar, u=6, x", 6],
    ["ui", 3],
    [",,u=2,,", 2],
  ];
  for (const [value, expected] of rows) {
    const bytes = text(`##${value}##`);
    assertEquals(readPriority(bytes, 2, bytes.length - 2), expected, value);
  }
});
