import { assertEquals } from "@std/assert";
import { parseTarget, portOf, type Target } from "../../../../mod/load/plan/target.ts";

function parts(text: string) {
  const target = parseTarget(text) as Target;
  return [target.host, target.port, target.authority, target.path, target.unixPath];
}

Deno.test("parseTarget() reads hosts, ports, paths and queries as typed", () => {
  assertEquals(parts("http://h:8080/a/../b?c=d#e"), ["h", 8080, "h:8080", "/a/../b?c=d", null]);
  assertEquals(parts("http://h"), ["h", null, "h", "/", null]);
  assertEquals(parts("h:81/x"), ["h", 81, "h:81", "/x", null]);
  assertEquals(parts("http://h?q"), ["h", null, "h", "/?q", null]);
  assertEquals(parts("http://[::1]:80/"), ["::1", 80, "[::1]:80", "/", null]);
  assertEquals(parts("http://user@h/"), ["h", null, "h", "/", null]);
});

Deno.test("parseTarget() reads both spellings of a unix socket", () => {
  assertEquals(parts("http://unix:/tmp/a.sock:/u?v"), [
    "localhost",
    null,
    "localhost",
    "/u?v",
    "/tmp/a.sock",
  ]);
  assertEquals(parts("http://unix:/tmp/a.sock").at(-1), "/tmp/a.sock");
  assertEquals(parts("http://[unix:/tmp/a.sock]/u").slice(3), ["/u", "/tmp/a.sock"]);
});

Deno.test("parseTarget() takes ws and wss for http and https of a WebSocket", () => {
  const kinds = (text: string) => {
    const target = parseTarget(text) as Target;
    return [target.scheme, target.isWebSocket, portOf(target), target.unixPath];
  };
  assertEquals(kinds("ws://h/"), ["http", true, 80, null]);
  assertEquals(kinds("WSS://h/"), ["https", true, 443, null]);
  assertEquals(kinds("ws://unix:/a.sock:/x"), ["http", true, 80, "/a.sock"]);
  assertEquals(kinds("ws:80/"), ["http", false, 80, null]);
  assertEquals(kinds("https://h/"), ["https", false, 443, null]);
});

Deno.test("parseTarget() explains why a text is not a URL", () => {
  for (
    const [text, reason] of [
      ["ftp://h/", "scheme ftp is not http, https, ws or wss"],
      ["http://h/a b", "blanks and control characters must be %-encoded"],
      ["http://h/\r\nX: y", "blanks and control characters must be %-encoded"],
      ["http:///x", "the host is missing"],
      ["http://h:0/", "port 0 is not 1 to 65535"],
      ["http://h:70000/", "port 70000 is not 1 to 65535"],
      ["http://h:x/", "h:x is not host or host:port"],
      ["http://[::g]/", "[::g] is not an IPv6 address"],
      ["http://unix:", "the path of the unix socket is missing"],
    ]
  ) assertEquals(parseTarget(text), reason, text);
});

Deno.test("portOf() is the scheme's port when the URL has none", () => {
  assertEquals(portOf(parseTarget("http://h/") as Target), 80);
  assertEquals(portOf(parseTarget("https://h/") as Target), 443);
});
