import { assertEquals } from "@std/assert";
import { decodeTargetPath, encodePath } from "../../../mod/static/target_path.ts";

function spelled(target: string): string {
  const path = decodeTargetPath(target);
  return typeof path === "string" ? path : path.segments.join("/") + (path.isFolder ? "/" : "");
}

Deno.test("decodeTargetPath() reads plain paths, leaves the query out and marks folders", () => {
  assertEquals(spelled("/"), "/");
  assertEquals(spelled("/a/b.txt"), "a/b.txt");
  assertEquals(spelled("/a/b/"), "a/b/");
  assertEquals(spelled("/a?x=/../.."), "a");
  assertEquals(spelled("/a#f"), "a");
  assertEquals(spelled("//a///b"), "a/b");
  assertEquals(spelled("/a/./b/."), "a/b/");
  assertEquals(spelled("/a/b/../c"), "a/c");
  assertEquals(spelled("/a/.."), "/");
  assertEquals(spelled("/..a/b.."), "..a/b..");
  assertEquals(spelled("/.../x"), ".../x");
});

Deno.test("decodeTargetPath() decodes escapes once, as UTF-8", () => {
  assertEquals(spelled("/%61%20b"), "a b");
  assertEquals(spelled("/%E6%97%A5"), "日");
  assertEquals(spelled("/\u00e6\u0097\u00a5"), "日");
  assertEquals(spelled("/%252e%252e/x"), "%2e%2e/x");
  // All of these are characters of names on Linux.
  assertEquals(spelled("/a%5Cb%0A%7f"), "a\\b\n\x7f");
  assertEquals(spelled("/..%5c..%5cetc"), "..\\..\\etc");
});

Deno.test("decodeTargetPath() lets no spelling of dot-dot above the root", () => {
  const escapes = [
    "/..",
    "/../etc/passwd",
    "/a/../../etc/passwd",
    "/%2e%2e/etc/passwd",
    "/.%2e/etc/passwd",
    "/%2E./etc/passwd",
    "/..%2fetc/passwd",
    "/%2e%2e%2fetc%2fpasswd",
    "/a/..%2f..%2fetc",
    "//../x",
    "/./../x",
  ];
  for (const target of escapes) assertEquals(spelled(target), "bad", target);
});

Deno.test("decodeTargetPath() refuses NUL, raw backslashes, overlong UTF-8 and broken escapes", () => {
  const broken = [
    "/a%00",
    "/%00/b",
    "/a\\b",
    "/%c0%ae%c0%ae/etc",
    "/%e0%80%ae/x",
    "/%ff",
    "/%",
    "/%2",
    "/%zz",
    "",
    "*",
    "a/b",
    "/\u0130",
  ];
  for (const target of broken) assertEquals(spelled(target), "bad", JSON.stringify(target));
});

Deno.test("decodeTargetPath() answers absent for a path longer than PATH_MAX", () => {
  assertEquals(spelled("/" + "a".repeat(5000)), "absent");
});

Deno.test("encodePath() comes back through decodeTargetPath()", () => {
  for (const name of ["a b", "日", "a%2e", "x?y#z", "a:b", "it's", "100%", "&<>"]) {
    assertEquals(spelled(encodePath([name, "q"], false)), `${name}/q`);
  }
  assertEquals(encodePath(["a"], true), "/a/");
  assertEquals(encodePath([], true), "/");
});
