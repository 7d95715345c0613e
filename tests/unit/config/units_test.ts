import { assertEquals } from "@std/assert";
import {
  parseAge,
  parseBytes,
  parseCount,
  parseDuration,
  parseHostAddress,
  parseSwitch,
  parseUpstreamUrl,
} from "../../../mod/config/mod.ts";

Deno.test("parseDuration() reads units, sums, and bare numbers in the directive's unit", () => {
  const rows: [string, number, number | null][] = [
    ["10", 1000, 10_000],
    ["10", 1, 10],
    ["1.5", 1000, 1500],
    ["10s", 1, 10_000],
    ["1m30s", 1, 90_000],
    ["500ms", 1000, 500],
    ["2h", 1, 7_200_000],
    ["1d", 1, 86_400_000],
    ["", 1, null],
    ["s", 1, null],
    ["-1", 1, null],
    ["1x", 1, null],
    ["1 s", 1, null],
  ];
  for (const [text, unit, expected] of rows) {
    assertEquals(parseDuration(text, unit), expected, text);
  }
});

Deno.test("parseBytes(), parseCount(), parseSwitch() and parseAge() accept only their forms", () => {
  assertEquals(["0", "4k", "16M", "1G", "4 kB", "2KiB"].map(parseBytes), [
    0,
    4096,
    16_777_216,
    1_073_741_824,
    4096,
    2048,
  ]);
  assertEquals(["", "k", "-1", "1T", "9999999999999G"].map(parseBytes), Array(5).fill(null));
  assertEquals(["0", "12", "", "1.0", "-3", "1e3"].map(parseCount), [
    0,
    12,
    null,
    null,
    null,
    null,
  ]);
  assertEquals(["ON", "off", "yes", "1"].map(parseSwitch), [true, false, true, null]);
  // h2o 2.2.5 accepts `1day` but not `1 week`.
  assertEquals(["1 day", "30 seconds", "day", "1day", "1 week"].map(parseAge), [
    86_400,
    30,
    null,
    86_400,
    null,
  ]);
});

Deno.test("parseHostAddress() reads ports, hosts, brackets and paths", () => {
  const tcp = (host: string, port: number) => ({ kind: "tcp" as const, host, port });
  const rows: [string, number | null, unknown][] = [
    ["8080", null, tcp("", 8080)],
    ["127.0.0.1:80", null, tcp("127.0.0.1", 80)],
    ["localhost", 80, tcp("localhost", 80)],
    ["localhost", null, null],
    ["[::1]:81", null, tcp("::1", 81)],
    ["[::1]", 80, tcp("::1", 80)],
    ["::1:81", null, null],
    ["[localhost]:81", null, null],
    ["/run/a.sock", null, { kind: "unix", path: "/run/a.sock" }],
    ["unix:/run/a.sock", null, { kind: "unix", path: "/run/a.sock" }],
    ["unix:run/a.sock", null, null],
    ["/" + "x".repeat(107), null, null],
    ["a b:80", null, null],
    ["127.0.0.1:65536", null, null],
    ["*:80", null, tcp("*", 80)],
  ];
  for (const [text, port, expected] of rows) {
    assertEquals(parseHostAddress(text, port), expected, text);
  }
});

Deno.test("parseUpstreamUrl() reads TCP and unix URLs and says what is wrong", () => {
  const rows: [string, unknown][] = [
    ["http://localhost:8081/", ["http", "localhost:8081", "/", {
      kind: "tcp",
      host: "localhost",
      port: 8081,
    }]],
    ["http://a", ["http", "a", "/", { kind: "tcp", host: "a", port: 80 }]],
    ["https://a/b", ["https", "a", "/b", { kind: "tcp", host: "a", port: 443 }]],
    ["http://[::1]:8/x/", ["http", "[::1]:8", "/x/", { kind: "tcp", host: "::1", port: 8 }]],
    ["http://[unix:/a/b.sock]/base", ["http", "[unix:/a/b.sock]", "/base", {
      kind: "unix",
      path: "/a/b.sock",
    }]],
    ["localhost:8081", "not an absolute URL"],
    ["ftp://a/", "the scheme ftp is not supported"],
    ["http:///x", "the host is missing or malformed"],
    ["http://a:0/", "0 is not a port from 1 to 65535"],
    ["http://a:99999/", "99999 is not a port from 1 to 65535"],
    ["http://[unix:a]/", "the socket path must be absolute and at most 107 bytes"],
    ["http://[::g]/", "[::g] is not an IPv6 address"],
    ["http://a/?q", "the path has a blank, `?` or `#`"],
  ];
  for (const [text, expected] of rows) {
    const url = parseUpstreamUrl(text);
    const got = typeof url === "string" ? url : [url.scheme, url.authority, url.path, url.address];
    assertEquals(got, expected, text);
  }
});
