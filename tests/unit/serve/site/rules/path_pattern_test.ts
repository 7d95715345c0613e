import { assertEquals } from "@std/assert";
import { decodeTargetPath } from "../../../../../mod/static/target_path.ts";
import { PathPattern, PatternFault } from "../../../../../mod/serve/site/rules/path_pattern.ts";

/** The captures, or null without a match. */
function match(pattern: string, target: string): Record<string, string> | null {
  const parsed = PathPattern.parse(pattern);
  if (parsed instanceof PatternFault) throw new Error(parsed.reason);
  const path = decodeTargetPath(target);
  if (typeof path === "string") throw new Error(path);
  const into = new Map<string, string>();
  return parsed.match(path, into) ? Object.fromEntries(into) : null;
}

const cases: [pattern: string, target: string, expected: Record<string, string> | null][] = [
  ["/", "/", {}],
  ["/a", "/a", {}],
  ["/a", "/a/", {}],
  ["/a/", "/a", {}],
  ["/a", "/a/b", null],
  ["/a", "/A", null],
  ["/%C3%A9", "/é".replace("é", "%c3%a9"), {}],
  ["/é", "/%C3%A9", {}],
  ["/*", "/", { splat: "" }],
  ["/*", "/a/b", { splat: "a/b" }],
  ["/a/*", "/a", { splat: "" }],
  ["/a/*", "/a/", { splat: "" }],
  ["/a/*", "/a/b/", { splat: "b/" }],
  ["/a/*", "/ab", null],
  ["/a*", "/ab/c", { splat: "b/c" }],
  ["/*.js", "/x/y.js", { splat: "x/y" }],
  ["/*.js", "/x/y.css", null],
  ["/aa*aa", "/aaa", null],
  ["/a/*/c", "/a/b/b/c", { splat: "b/b" }],
  ["/a/*/c", "/a/c", { splat: "" }],
  ["/a/*/c", "/a", null],
  ["/:x", "/", null],
  ["/:x", "/1", { x: "1" }],
  ["/:x/:y/z", "/1/2/z", { x: "1", y: "2" }],
  ["/:x/:y/z", "/1/2/3/z", null],
  ["/blog/:slug.html", "/blog/a.b.html", { slug: "a.b" }],
  ["/blog/:slug.html", "/blog/.html", null],
  // As the regular expression ([^/]+)-([^/]+) has it.
  ["/:a-:b", "/x-y-z", { a: "x-y", b: "z" }],
  ["/:a-:b-c", "/x-y-c", { a: "x", b: "y" }],
  ["/:a-:b", "/-x-", null],
  ["/:a/*", "/1/2/3", { a: "1", splat: "2/3" }],
  ["/:a/*", "/1", { a: "1", splat: "" }],
  // A port is no placeholder, nor is a lone colon.
  ["/a:1/b:", "/a:1/b:", {}],
  ["/%2A", "/*", {}],
];

for (const [pattern, target, expected] of cases) {
  Deno.test(`the pattern ${pattern} and ${target}`, () => {
    assertEquals(match(pattern, target), expected);
  });
}

Deno.test("patterns with two * or one name twice are refused with the reason", () => {
  const reason = (text: string) => (PathPattern.parse(text) as PatternFault).reason;
  assertEquals(reason("/*/a/*"), "only one * is allowed");
  assertEquals(reason("/:a/:a"), "names a placeholder twice");
  assertEquals(reason("/:a*"), "a placeholder and * cannot share a segment");
  assertEquals(reason("/%zz"), "has a wrong percent-escape");
});

Deno.test("a long path of a hostile client is compared in linear time", () => {
  const path = `/${"a-".repeat(1000)}/${"a-".repeat(1000)}`;
  // Backtracking would take hours.
  assertEquals(match("/:a-:b-:c-:d-:e-:f-:g-:h-x", path), null);
  assertEquals(match("/:a-:b-:c-:d-:e-:f-:g-:h-x/*", path), null);
});
