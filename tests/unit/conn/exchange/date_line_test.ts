import { assert, assertEquals, assertMatch } from "@std/assert";
import { DateLine } from "../../../../mod/conn/exchange/date_line.ts";
import { latin1, parseHttpDate } from "../../../../mod/http/mod.ts";

Deno.test("DateLine.refresh() writes the date of the wall clock, and again after a second", () => {
  const line = new DateLine();
  const beforeSeconds = Math.floor(Date.now() / 1000);
  assert(line.refresh(5_000));
  const text = latin1(line.bytes, 0, line.bytes.length);
  assertMatch(text, /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n$/);
  assertEquals(text.slice(6, -2), latin1(line.date, 0, line.date.length));
  assertEquals(parseHttpDate(text.slice(6, -2), 0), line.epochSeconds);
  assert(line.epochSeconds >= beforeSeconds);
  assert(!line.refresh(5_000));
  assert(line.refresh(6_000));
});
