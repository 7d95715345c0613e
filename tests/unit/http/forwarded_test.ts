import { assertEquals } from "@std/assert";
import { IpRanges, parseIpRange } from "../../../mod/base/ip_ranges.ts";
import { formatAddress } from "../../../mod/base/address.ts";
import { rightmost } from "../../../mod/http/forwarded.ts";

const trusted = new IpRanges(
  ["10.0.0.0/8", "fd00::/8"].map((text) => parseIpRange(text)!),
);

/** list -> the last address, and the last one that is not trusted. */
const rows: readonly [list: string, last: string | null, passing: string | null][] = [
  ["", null, null],
  [" , ,", null, null],
  ["192.0.2.1", "192.0.2.1:0", "192.0.2.1:0"],
  ["192.0.2.1,", "192.0.2.1:0", "192.0.2.1:0"],
  ["192.0.2.1 , 10.0.0.1", "10.0.0.1:0", "192.0.2.1:0"],
  ["6.6.6.6, 192.0.2.1, 10.0.0.1, 10.0.0.2", "10.0.0.2:0", "192.0.2.1:0"],
  ["10.0.0.3, 10.0.0.2", "10.0.0.2:0", "10.0.0.3:0"],
  ["192.0.2.1:8080", "192.0.2.1:8080", "192.0.2.1:8080"],
  ["[2001:db8::1]:8080", "[2001:db8::1]:8080", "[2001:db8::1]:8080"],
  ["[2001:db8::1]", "[2001:db8::1]:0", "[2001:db8::1]:0"],
  ["2001:DB8:0::1, fd00::5", "[fd00::5]:0", "[2001:db8::1]:0"],
  ["::ffff:192.0.2.1, ::ffff:10.0.0.1", "10.0.0.1:0", "192.0.2.1:0"],
  ["unknown", null, null],
  ["192.0.2.1, unknown", null, null],
  ["192.0.2.1, unknown, 10.0.0.1", "10.0.0.1:0", "10.0.0.1:0"],
  ["192.0.2.1 10.0.0.1", null, null],
  ["192.0.2.01", null, null],
  ["192.0.2.1:99999", "192.0.2.1:65535", "192.0.2.1:65535"],
  ["for=192.0.2.1;proto=https, For=10.0.0.1", "10.0.0.1:0", "192.0.2.1:0"],
  ['by=10.0.0.9;for="[2001:db8::1]:4711"', "[2001:db8::1]:4711", "[2001:db8::1]:4711"],
  ["for=_hidden, for=10.0.0.1", "10.0.0.1:0", "10.0.0.1:0"],
  ["before=192.0.2.1", null, null],
  ['for=10.0.0.1;host="a, for=6.6.6.6"', null, null],
  ['for=10.0.0.1;host="a, for=6.6.6.6;x=\\"\\""', null, null],
];

for (const [list, last, passing] of rows) {
  Deno.test(`rightmost(${JSON.stringify(list)}) is ${last}, and ${passing} before trusted ones`, () => {
    const text = (passed: IpRanges | null) => {
      const address = rightmost(list, passed);
      return address === null ? null : formatAddress(address);
    };
    assertEquals([text(null), text(trusted)], [last, passing]);
  });
}
