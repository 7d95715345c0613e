import { assertEquals } from "@std/assert";
import { shortLine } from "../../../mod/base/short_line.ts";

Deno.test("shortLine() makes one line without control characters, cut at its length", () => {
  const rows: [string, number, string][] = [
    ["", 3, ""],
    ["abc", 3, "abc"],
    ["abcd", 3, "abc..."],
    ["a\r\n\tb", 9, "a b"],
    ["\x1b[31mr\u009bx\x7f", 20, " [31mr x "],
    ["日本", 2, "日本"],
  ];
  for (const [text, charsMax, expected] of rows) {
    assertEquals(shortLine(text, charsMax), expected, JSON.stringify(text));
  }
});
