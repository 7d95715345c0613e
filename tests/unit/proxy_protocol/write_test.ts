import { assertEquals } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { latin1 } from "../../../mod/http/mod.ts";
import {
  localHeader,
  parseProxyHeader,
  ProxyHeader,
  type ProxyVersion,
  relayedHeader,
} from "../../../mod/proxy_protocol/mod.ts";
import { binary, tcp } from "./rows.ts";

const unix: Address = { kind: "unix", path: "/run/a" };
const v4 = tcp("192.0.2.1", 4660);
const v6 = tcp("2001:db8::1", 443);

function lineOf(header: Uint8Array): string {
  return latin1(header, 0, header.length);
}

Deno.test("relayedHeader writes version 1 as a line", () => {
  const rows: [Address, Address, string][] = [
    [v4, tcp("198.51.100.7", 80), "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n"],
    [v6, tcp("2001:DB8:0::2", 80), "PROXY TCP6 2001:db8::1 2001:db8::2 443 80\r\n"],
    [v4, v6, "PROXY TCP6 ::ffff:c000:201 2001:db8::1 4660 443\r\n"],
    [unix, v4, "PROXY UNKNOWN\r\n"],
    [v4, unix, "PROXY UNKNOWN\r\n"],
  ];
  for (const [source, destination, line] of rows) {
    assertEquals(lineOf(relayedHeader(1, source, destination)), line);
  }
});

Deno.test("relayedHeader writes version 2 as bytes", () => {
  const body = [192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x34, 0, 80];
  assertEquals(relayedHeader(2, v4, tcp("198.51.100.7", 80)), binary(0x21, 0x11, body));
  assertEquals(relayedHeader(2, unix, v4), binary(0x21, 0, []));
});

Deno.test("relayedHeader parses back to what was written", () => {
  const header = new ProxyHeader();
  for (const version of [1, 2] as readonly ProxyVersion[]) {
    for (const ends of [[v4, tcp("10.0.0.1", 0)], [v6, v6], [v4, v6], [v6, v4]]) {
      const bytes = relayedHeader(version, ends[0], ends[1]);
      assertEquals(parseProxyHeader(header, bytes, 0, bytes.length), bytes.length);
      assertEquals([header.version, header.source, header.destination], [version, ...ends]);
    }
  }
});

Deno.test("localHeader writes LOCAL in version 2, and the connection's own addresses in version 1", () => {
  assertEquals(localHeader(2, v4, v4), binary(0x20, 0, []));
  assertEquals(
    lineOf(localHeader(1, v4, tcp("192.0.2.2", 80))),
    "PROXY TCP4 192.0.2.1 192.0.2.2 4660 80\r\n",
  );
  assertEquals(lineOf(localHeader(1, unix, unix)), "PROXY UNKNOWN\r\n");
});
