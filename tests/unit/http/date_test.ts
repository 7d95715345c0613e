import { assertEquals } from "@std/assert";
import { imfFixdate, parseHttpDate } from "../../../mod/http/mod.ts";

/** 2026-11-23. */
const now = 1795445000;

Deno.test("imfFixdate() writes the form of RFC 9110 5.6.7", () => {
  assertEquals(imfFixdate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(imfFixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  assertEquals(imfFixdate(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
});

Deno.test("parseHttpDate() reads the three forms of RFC 9110 5.6.7", () => {
  assertEquals(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", now), 784111777);
  assertEquals(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", now), 784111777);
  assertEquals(parseHttpDate("Sun Nov  6 08:49:37 1994", now), 784111777);
});

Deno.test("parseHttpDate() reads a two-digit year as at most 50 years ahead", () => {
  assertEquals(
    imfFixdate(parseHttpDate("Monday, 01-Jan-70 00:00:00 GMT", now)!).slice(12, 16),
    "2070",
  );
  assertEquals(
    imfFixdate(parseHttpDate("Monday, 01-Jan-77 00:00:00 GMT", now)!).slice(12, 16),
    "1977",
  );
});

Deno.test("parseHttpDate() returns null for invalid dates", () => {
  const rows = [
    "",
    "0",
    "yesterday",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Son, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Okt 1994 08:49:37 GMT",
  ];
  for (const text of rows) assertEquals(parseHttpDate(text, now), null, text);
});

Deno.test("parseHttpDate() reads what imfFixdate() writes", () => {
  for (let seconds = 0; seconds < 4e9; seconds += 98765432) {
    assertEquals(parseHttpDate(imfFixdate(seconds), now), seconds);
  }
});
