import { assertEquals } from "@std/assert";
import { latin1, RequestHead } from "../../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../../mod/http1/mod.ts";
import { type HostRoutes, Router } from "../../../../mod/proxy/routing/router.ts";

function host(
  name: string,
  paths: string[],
  port = 0,
  strictMatch = false,
  mergesSlashes = true,
): HostRoutes<string> {
  return {
    name,
    port,
    strictMatch,
    mergesSlashes,
    paths: paths.map((prefix) => ({ prefix, leaf: `${name}${prefix}` })),
    fallback: `${name} none`,
  };
}

const head = new RequestHead();

function parse(target: string, authority: string): RequestHead {
  const bytes = new TextEncoder().encode(`GET ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const end = parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  if (end !== bytes.length) throw new Error(`Cannot parse the request for ${target}: ${end}`);
  return head;
}

/** `leaf|rest|query` of a request. */
function route(router: Router<string>, target: string, authority = "a"): string {
  const leaf = router.match(parse(target, authority));
  if (router.isBadPath) return "bad";
  const rest = latin1(router.restBytes, router.restStart, router.restEnd);
  return `${leaf}|${rest}|${latin1(head.bytes, router.queryStart, router.queryEnd)}`;
}

Deno.test("Router.match() chooses the longest prefix that ends at a segment boundary", () => {
  const router = new Router([host("a", ["/api", "/api2/", "/", "/api/v1", "/apple/pie"])], 80, "?");
  const rows: [string, string][] = [
    ["/", "a/||"],
    ["/api", "a/api||"],
    ["/api/", "a/api|/|"],
    ["/api/x?q=1", "a/api|/x|?q=1"],
    ["/apix", "a/|apix|"],
    ["/api2", "a/|api2|"],
    ["/api2/", "a/api2/||"],
    ["/api2/y", "a/api2/|y|"],
    ["/api/v1", "a/api/v1||"],
    ["/api/v10", "a/api|/v10|"],
    ["/api/v1/z?", "a/api/v1|/z|?"],
    ["/apple", "a/|apple|"],
    ["/apple/pie", "a/apple/pie||"],
    ["/?/api", "a/||?/api"],
  ];
  for (const [target, expected] of rows) assertEquals(route(router, target), expected, target);
});

Deno.test("Router.match() reports that no path matches", () => {
  const router = new Router([host("a", ["/api", "/b/"])], 80, "?");
  assertEquals(route(router, "/"), "a none|/|");
  assertEquals(route(router, "/ap"), "a none|/ap|");
  assertEquals(route(router, "/b"), "a none|/b|");
});

Deno.test("Router.match() decodes and resolves before matching, and forwards no dot segments", () => {
  const router = new Router([host("a", ["/api", "/"])], 80, "?");
  const rows: [string, string][] = [
    ["/%61pi/x%20y", "a/api|/x%20y|"],
    ["/api%2Fx", "a/api|%2Fx|"],
    ["/x/../api/y", "a/api|/y|"],
    ["/api/../z?q=/../", "a/|z|?q=/../"],
    ["/api/./y", "a/api|/y|"],
    ["/api/.", "a/api|/|"],
    ["/api/x/..", "a/api|/|"],
    ["/api/..", "a/||"],
    ["/.hidden", "a/|.hidden|"],
    ["/..", "bad"],
    ["/../x", "bad"],
    ["/%2e%2e/x", "bad"],
    ["/a%00b", "bad"],
    ["/api/%zz", "a/api|/%zz|"],
    ["/a//b", "a/|a//b|"],
    // A signature may cover the spelling: unresolved parts stay unchanged.
    ["/x%20/../api/%41%20", "a/api|/%41%20|"],
    ["/x/../api/b%2Fc%2fd", "a/api|/b%2Fc%2fd|"],
    ["/api/./%2E%2e/api/%2e%61", "a/api|/%2e%61|"],
    ["/api/x%2F..%2Fy%2fz", "a/api|%2Fy%2fz|"],
    ["/api/%%41/./%2", "a/api|/%%41/%2|"],
    ["http://a", "a/||"],
    ["http://a?q", "a/||?q"],
  ];
  for (const [target, expected] of rows) assertEquals(route(router, target), expected, target);
});

Deno.test("Router.match() chooses the host by exact name, wildcard, then the first", () => {
  const router = new Router(
    [
      host("first", ["/"]),
      host("b.com", ["/"], 8080),
      host("*.c.com", ["/"]),
      host("x.c.com", ["/"]),
    ],
    80,
    "?",
  );
  const rows: [string, string][] = [
    ["first", "first/"],
    ["FIRST:80", "first/"],
    ["b.com", "first/"],
    ["b.com:8080", "b.com/"],
    ["y.c.com", "*.c.com/"],
    ["y.c.com:80", "*.c.com/"],
    ["y.c.com:81", "first/"],
    ["c.com", "first/"],
    ["x.c.com", "x.c.com/"],
    ["[::1]:80", "first/"],
    ["unknown", "first/"],
    ["unknown", "first/"],
  ];
  for (const [authority, expected] of rows) {
    assertEquals(route(router, "/", authority), `${expected}||`, authority);
  }
});

Deno.test("Router.match() tells many alike hosts, ports and IPv6 addresses apart", () => {
  const names = Array.from({ length: 300 }, (_, index) => `host${index}.example`);
  const router = new Router(
    [
      ...names.map((name) => host(name, ["/"])),
      host("host7.example", ["/port"], 8080),
      host("[::1]", ["/six"]),
      host("[::1]", ["/port"], 8080),
    ],
    80,
    "?",
  );
  for (const name of names) assertEquals(route(router, "/", name), `${name}/||`);
  const rows: [string, string, string][] = [
    ["/", "Host7.EXAMPLE:80", "host7.example/||"],
    ["/", "host7.example:", "host7.example/||"],
    ["/", "host7.example:080", "host7.example/||"],
    ["/port", "host7.example:8080", "host7.example/port||"],
    ["/port", "[::1]:8080", "[::1]/port||"],
    ["/six", "[::1]", "[::1]/six||"],
    ["/", "host7.example.:80", "host0.example/||"],
    ["/", "host7.example:4294967376", "host0.example/||"],
    ["/", "host7.example:81", "host0.example/||"],
    ["/", "host7.example:x", "host0.example/||"],
    ["/", "[::1", "host0.example/||"],
    ["/", "[::1]x", "host0.example/||"],
  ];
  for (const [target, authority, expected] of rows) {
    // The parser refuses some of these; the router must not depend on that.
    const request = parse(target, "x".repeat(authority.length));
    request.bytes.set(new TextEncoder().encode(authority), request.hostStart);
    const leaf = router.match(request);
    const rest = latin1(router.restBytes, router.restStart, router.restEnd);
    assertEquals(`${leaf}|${rest}|`, expected, authority);
  }
});

Deno.test("Router.match() refuses unknown hosts when every host is strict", () => {
  const router = new Router([host("a", ["/"], 0, true)], 80, "unknown");
  assertEquals(route(router, "/", "a"), "a/||");
  assertEquals(route(router, "/x", "b"), "unknown|/x|");
});

Deno.test("Router.match() stays correct with more spellings than its cache holds", () => {
  const router = new Router([host("a", ["/"]), host("b", ["/"]), host("*.b", ["/"])], 80, "?");
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 500; i++) {
      const name = i % 3 === 0 ? "B" : `n${i}`;
      assertEquals(route(router, "/", name), name === "B" ? "b/||" : "a/||", name);
      assertEquals(route(router, "/", `${name}.b`), "*.b/||", name);
    }
  }
});

Deno.test("Router.match() chooses one route for every spelling of a path, and keeps the bytes of the rest", () => {
  const paths = ["/", "/files", "/files/private", "/dir/"];
  const merging = new Router([host("a", paths)], 80, "?");
  const plain = new Router([host("a", paths, 0, false, false)], 80, "?");
  // Target, with merge-slashes ON, and OFF as in h2o (null: the same).
  const rows: [string, string, string | null][] = [
    ["/files/private/x", "a/files/private|/x|", null],
    ["/files//private/x", "a/files/private|/x|", "a/files|//private/x|"],
    ["/files/%2fprivate/x", "a/files/private|/x|", "a/files|/%2fprivate/x|"],
    ["/files%2F%2Fprivate%2fx", "a/files/private|%2fx|", "a/files|%2F%2Fprivate%2fx|"],
    ["//files///private", "a/files/private||", "a/|/files///private|"],
    ["/%2ffiles/private", "a/files/private||", "a/|%2ffiles/private|"],
    ["/files/private//x//y", "a/files/private|//x//y|", null],
    ["/files/private/%2Fx", "a/files/private|/%2Fx|", null],
    ["/files/.//private/x", "a/files/private|/x|", "a/files|//private/x|"],
    ["/files/x/..//private/x", "a/files/private|/x|", "a/files|//private/x|"],
    ["/files/x/%2e%2E/private/x", "a/files/private|/x|", null],
    ["/files/x//../../files/private/x", "a/files/private|/x|", "a/files|/files/private/x|"],
    ["/files/%70rivate;v=1/x", "a/files|/%70rivate;v=1/x|", null],
    ["/files\\private", "a/|files\\private|", null],
    ["/files//", "a/files|//|", null],
    ["/dir//x", "a/dir/|/x|", null],
    ["//", "a/|/|", null],
    ["//?//", "a/|/|?//", null],
    ["/a//b", "a/|a//b|", null],
    ["//..", "bad", "a/||"],
  ];
  for (const [target, on, off] of rows) {
    assertEquals(route(merging, target), on, target);
    assertEquals(route(plain, target), off ?? on, `${target}, OFF`);
  }
});
