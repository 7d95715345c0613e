import { assertEquals } from "@std/assert";
import { contentRange, layoutMultipart, parseRanges } from "../../../mod/static/ranges.ts";

const rows: [value: string, size: number, expected: string, why: string][] = [
  ["bytes=0-0", 10, "0-1", "the first byte"],
  ["bytes=0-", 10, "0-10", "open end"],
  ["bytes=-3", 10, "7-10", "suffix"],
  ["bytes=-30", 10, "0-10", "suffix longer than the file"],
  ["bytes=5-100", 10, "5-10", "end beyond the file"],
  ["bytes=9-9", 10, "9-10", "the last byte"],
  ["bytes=10-", 10, "", "begins after the end"],
  ["bytes=-0", 10, "", "empty suffix cannot be satisfied"],
  ["bytes=0-", 0, "", "empty file"],
  ["bytes=0-1, 3-4", 10, "0-2 3-5", "two ranges"],
  ["bytes=0-1,,3-4,", 10, "0-2 3-5", "empty list elements"],
  ["bytes=0-1,20-30", 10, "0-2", "one of two lies outside"],
  ["BYTES=0-1", 10, "0-2", "the unit has no case"],
  ["bytes=99999999999999999999-", 10, "", "number beyond 2^53"],
  ["bytes=0-99999999999999999999", 10, "0-10", "number beyond 2^53 as end"],
  ["bytes=1-0", 10, "ignore", "end before start"],
  ["bytes=a-b", 10, "ignore", "no numbers"],
  ["bytes=-", 10, "ignore", "nothing"],
  ["bytes=", 10, "ignore", "empty list"],
  ["bytes=--1", 10, "ignore", "sign"],
  ["bytes=1-2-3", 10, "ignore", "three numbers"],
  ["lines=0-1", 10, "ignore", "other unit"],
  ["bytes 0-1", 10, "ignore", "no equals sign"],
  ["bytes=0-,0-,0-", 10, "ignore", "more bytes than the file has"],
  ["bytes=" + "0-0,".repeat(40), 100, "ignore", "too many ranges"],
];

Deno.test("parseRanges() follows RFC 9110 section 14", () => {
  for (const [value, size, expected, why] of rows) {
    const ranges = parseRanges(value, size);
    const text = ranges === null ? "ignore" : ranges.map((r) => `${r.start}-${r.end}`).join(" ");
    assertEquals(text, expected, why);
  }
});

Deno.test("contentRange() writes the last position, not the end", () => {
  assertEquals(contentRange({ start: 0, end: 10 }, 100), "bytes 0-9/100");
  assertEquals(contentRange(null, 100), "bytes */100");
});

Deno.test("layoutMultipart() counts exactly the bytes that are sent", () => {
  const file = new TextEncoder().encode("0123456789");
  const layout = layoutMultipart(
    [{ start: 0, end: 2 }, { start: 5, end: 9 }],
    10,
    "text/plain",
    "B",
  );
  const chunks: Uint8Array[] = [];
  for (const part of layout.parts) {
    chunks.push(part.head, file.subarray(part.range.start, part.range.end));
  }
  chunks.push(layout.tail);
  const text = chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");
  assertEquals(
    text,
    "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01" +
      "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-8/10\r\n\r\n5678\r\n--B--\r\n",
  );
  assertEquals(layout.length, text.length);
  assertEquals(layout.contentType, "multipart/byteranges; boundary=B");
});
