import { assertEquals } from "@std/assert";
import { HeaderRules } from "../../../../../mod/serve/site/rules/header_rules.ts";
import { ruleRequest } from "../../../../../mod/serve/site/rules/rule_request.ts";

function ask(text: string, target: string): [string, string][] | null {
  const change = HeaderRules.parse(text, []).find(ruleRequest(target, "x", "http")!);
  return change === null
    ? null
    : [...change.fields.values()].flat().map(([name, value]) => [name, value]);
}

Deno.test("_headers: all paths that fit add up, values of one name are joined", () => {
  const text = `/*
  X-All: 1
  Link: </a.css>; rel=preload
# the stylesheets
/*.css
  Cache-Control: public, max-age=60
  x-all:   2
/blog/:slug
  X-Slug: is :slug of :nobody
/cookies
  Set-Cookie: a=1
  Set-Cookie: b=2`;
  assertEquals(ask(text, "/d/a.css"), [
    ["X-All", "1, 2"],
    ["Link", "</a.css>; rel=preload"],
    ["Cache-Control", "public, max-age=60"],
  ]);
  assertEquals(ask(text, "/blog/a%0d%0ab")?.[2], ["X-Slug", "is a%0D%0Ab of :nobody"]);
  assertEquals(ask(text, "/cookies")?.slice(2), [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
  assertEquals(ask("/a\n  X: 1", "/b"), null);
});

Deno.test("_headers: ! takes a field away, also one of an earlier path", () => {
  const text = "/*\n  X-A: 1\n  X-B: 1\n/a/*\n  ! X-A\n/a/b\n  X-A: 2";
  assertEquals(ask(text, "/a/x"), [["X-B", "1"]]);
  assertEquals(ask(text, "/a/b"), [["X-B", "1"], ["X-A", "2"]]);
  const change = HeaderRules.parse("/*\n! Referrer-Policy", []).find(
    ruleRequest("/", "x", "http")!,
  );
  assertEquals([...change!.removed], ["referrer-policy"]);
});

Deno.test("_headers: Basic-Auth is a list of users, not a field", () => {
  const text = "/*\n  Basic-Auth: a:b c:d";
  assertEquals(ask(text, "/"), []);
  const change = HeaderRules.parse(text, []).find(ruleRequest("/", "x", "http")!);
  assertEquals(change!.users, ["a:b", "c:d"]);
});

Deno.test("_headers: a bad line is named and ignored, the others count", () => {
  const faults: string[] = [];
  const rules = HeaderRules.parse(
    `X-Early: 1
/a
  no colon
  Bad Name: 1
  Content-Length: 5
  X-Empty:
  X-Tab: é
  X-Good: 1
http://
  X-Unread: 1
/a/*/*
  X-Unread: 1`,
    faults,
  );
  assertEquals(faults, [
    "1: a path must come before the first field",
    "3: found no colon, expected NAME: VALUE or ! NAME",
    '4: "Bad Name" is not a field name',
    "5: Content-Length is set by the server",
    "6: X-Empty: has no value",
    "7: X-Tab: has a value that is not printable ASCII",
    '9: http://: must begin with "/", "http://" or "https://"',
    "11: /a/*/*: only one * is allowed",
  ]);
  assertEquals(rules.count, 1);
  assertEquals(ask("/a\n  X-Good: 1", "/a"), [["X-Good", "1"]]);
});
