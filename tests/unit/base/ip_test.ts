import { assert, assertEquals } from "@std/assert";
import { formatIp, parseIp } from "../../../mod/base/ip.ts";

/** Text, its 16-bit groups or 8-bit parts, and the canonical text (RFC 5952). */
const valid: readonly [text: string, bytes: string, canonical: string][] = [
  ["0.0.0.0", "00000000", "0.0.0.0"],
  ["127.0.0.1", "7f000001", "127.0.0.1"],
  ["255.255.255.255", "ffffffff", "255.255.255.255"],
  ["::", "00000000000000000000000000000000", "::"],
  ["::1", "00000000000000000000000000000001", "::1"],
  ["1::", "00010000000000000000000000000000", "1::"],
  ["2001:db8::1", "20010db8000000000000000000000001", "2001:db8::1"],
  ["2001:DB8:0:0:1:0:0:1", "20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008", "1:2:3:4:5:6:7:8"],
  ["1:0:3:4:5:6:7:8", "00010000000300040005000600070008", "1:0:3:4:5:6:7:8"],
  ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201", "::ffff:c000:201"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "00000002000300040005000600070008", "0:2:3:4:5:6:7:8"],
  ["1:0:0:4:0:0:0:8", "00010000000000040000000000000008", "1:0:0:4::8"],
];

const invalid = [
  "",
  ":",
  ":::",
  "1.2.3",
  "1.2.3.4.5",
  "256.1.1.1",
  "01.2.3.4",
  "1.2.3.-4",
  "1.2.3.4 ",
  "0x7f.0.0.1",
  "1..2.3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "g::",
  "::1.2.3",
  "1.2.3.4::",
  "fe80::1%eth0",
  "[::1]",
  "localhost",
];

Deno.test("parseIp() reads every valid form", () => {
  for (const [text, hex] of valid) {
    const bytes = parseIp(text);
    assert(bytes !== null, text);
    const found = [...bytes!].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assertEquals(found, hex, text);
  }
});

Deno.test("parseIp() refuses everything else", () => {
  for (const text of invalid) assertEquals(parseIp(text), null, JSON.stringify(text));
});

Deno.test("formatIp() writes the canonical text, which parses back to the same bytes", () => {
  for (const [text, , canonical] of valid) {
    const bytes = parseIp(text)!;
    assertEquals(formatIp(bytes), canonical, text);
    assertEquals(parseIp(canonical), bytes, canonical);
  }
});
