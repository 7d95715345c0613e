import { assert, assertEquals } from "@std/assert";
import { parseIp } from "../../../mod/base/ip.ts";
import { IpRanges, parseIpRange } from "../../../mod/base/ip_ranges.ts";

function setOf(...texts: string[]): IpRanges {
  return new IpRanges(texts.map((text) => {
    const range = parseIpRange(text);
    if (range === null) throw new Error(`not a range: ${text}`);
    return range;
  }));
}

Deno.test("IpRanges.has() compares the prefix bits of each block", () => {
  const rows: [string, string, boolean][] = [
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.168.1.128/25", "192.168.1.128", true],
    ["192.168.1.128/25", "192.168.1.127", false],
    ["172.16.0.0/12", "172.31.255.255", true],
    ["172.16.0.0/12", "172.32.0.0", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "2001:db8::1", true],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["192.0.2.0/31", "192.0.2.1", true],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::1", "::1", true],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
  ];
  for (const [block, ip, expected] of rows) {
    assertEquals(setOf(block).has(parseIp(ip)!), expected, `${block} ${ip}`);
  }
  assert(setOf("10.0.0.0/8", "::1").has(parseIp("::1")!));
  assert(!setOf().has(parseIp("::1")!));
});

Deno.test("parseIpRange() reports host bits and refuses invalid ranges", () => {
  assertEquals(parseIpRange("10.1.0.0/8")?.hadHostBits, true);
  assertEquals(parseIpRange("10.1.0.0/16")?.hadHostBits, false);
  const wrong = ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/08", "host", "/8"];
  for (const text of wrong) assertEquals(parseIpRange(text), null, text);
});
