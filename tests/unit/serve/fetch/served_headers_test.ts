import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";
import { RequestHead } from "../../../../mod/http/request_head.ts";
import { defaultLimits } from "../../../../mod/http1/limits.ts";
import { parseRequestHead } from "../../../../mod/http1/request_head.ts";
import { HeadArena } from "../../../../mod/serve/fetch/head_arena.ts";
import { ServedHeaders } from "../../../../mod/serve/fetch/served_headers.ts";

const lines = [
  "Host: h.test:81",
  "User-Agent: curl/8.5.0",
  "X-Twice: b",
  "accept:*/*",
  "X-Empty:",
  "x-twice: \t a, c ",
  "Cookie: a=1",
  "COOKIE: b=2",
  "Set-Cookie: x=1",
  "set-cookie: y=2",
  "X-Latin: caf\u00e9",
  "!#$%&'*+-.^_`|~9: odd",
];

/** The same fields as served ones and as Deno's own. */
function both(fields: readonly string[] = lines): [served: Headers, native: Headers] {
  const bytes = latin1Bytes(`GET / HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  const head = new RequestHead();
  assert(parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0) > 0);
  const copy = new HeadArena().copy(head);
  bytes.fill(0);
  const native = new Headers(fields.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)] as [string, string];
  }));
  return [new ServedHeaders(copy) as unknown as Headers, native];
}

/** Each yields what a handler sees; the native Headers says what that has to be. */
const looks: Record<string, (headers: Headers) => unknown> = {
  "get": (h) => h.get("user-agent"),
  "get in other letters": (h) => h.get("USER-agent"),
  "get without a value": (h) => h.get("x-empty"),
  "get of two lines": (h) => h.get("X-Twice"),
  "get of two cookies": (h) => h.get("cookie"),
  "get of two set-cookies": (h) => h.get("set-cookie"),
  "get of other bytes": (h) => h.get("x-latin"),
  "get of an odd name": (h) => h.get("!#$%&'*+-.^_`|~9"),
  "get of nothing": (h) => h.get("x-none"),
  "get of a name that begins another": (h) => h.get("x-twic"),
  "get of a number": (h) => h.get(7 as unknown as string),
  "has": (h) => [h.has("Accept"), h.has("x-none"), h.has("x-empty")],
  "getSetCookie": (h) => h.getSetCookie(),
  "iteration": (h) => [...h],
  "entries": (h) => [...h.entries()],
  "keys": (h) => [...h.keys()],
  "values": (h) => [...h.values()],
  "Object.fromEntries": (h) => Object.fromEntries(h),
  "forEach": (h) => {
    const seen: unknown[] = [];
    h.forEach(function (this: unknown, value, name, all) {
      seen.push([this, value, name, all === h]);
    }, "this");
    return seen;
  },
  "instanceof": (h) => [h instanceof Headers, Object.prototype.toString.call(h)],
  "inspection": (h) => Deno.inspect(h),
  "a copy": (h) => [...new Headers(h)],
  "native get": (h) => Headers.prototype.get.call(h, "accept"),
  "native iteration": (h) => [...Headers.prototype.entries.call(h)],
  "a Request with them": (h) => [...new Request("http://h/", { headers: h }).headers],
  "a Response with them": (h) => [...new Response("", { headers: h }).headers],
  "after append": (h) => (h.append("x-twice", "d"), [h.get("x-twice"), [...h]]),
  "after set": (h) => (h.set("accept", "text/x"), [h.get("Accept"), h.has("accept")]),
  "after delete": (h) => (h.delete("cookie"), [h.get("cookie"), h.has("cookie"), [...h.keys()]]),
  "changed in an iteration": (h) => {
    const seen: string[] = [];
    for (const [name] of h) {
      if (name === "accept") h.delete("x-twice");
      seen.push(name);
    }
    return [seen, [...h.keys()]];
  },
};

for (const [what, look] of Object.entries(looks)) {
  Deno.test(`ServedHeaders are like Headers: ${what}`, () => {
    const [served, native] = both();
    assertEquals(look(served), look(native));
    // Once more, when the parts have been created.
    assertEquals(look(served), look(native));
  });
}

Deno.test("ServedHeaders throw as Headers do", () => {
  for (const name of ["", "a b", "a:", "\u00e9", "\u4e00", "a\n"]) {
    const [served, native] = both();
    assertThrows(() => native.get(name), TypeError);
    assertThrows(() => served.get(name), TypeError);
    assertThrows(() => served.has(name), TypeError);
  }
  const [served] = both();
  assertThrows(() => served.set("x", "a\nb"), TypeError);
});

Deno.test("ServedHeaders know more names than they remember", () => {
  const [served] = both();
  for (let i = 0; i < 1000; i++) assertEquals(served.get(`x-none-${i}`), null);
  assertEquals([served.get("X-Twice"), served.get("aCCept")], ["b, a, c", "*/*"]);
});

Deno.test("ServedHeaders of a request without fields are empty", () => {
  const bytes = latin1Bytes("GET / HTTP/1.0\r\n\r\n");
  const head = new RequestHead();
  assert(parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0) > 0);
  const served = new ServedHeaders(new HeadArena().copy(head)) as unknown as Headers;
  assertEquals([[...served], served.get("host"), served.has("host")], [[], null, false]);
});
