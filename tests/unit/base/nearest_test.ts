import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "../../../mod/base/nearest.ts";

Deno.test("nearest() suggests for typing errors only", () => {
  const words = ["load", "serve", "supervise", "proxy"];
  assertEquals(nearest("lod", words), "load");
  assertEquals(nearest("sup", words), "supervise");
  assertEquals(nearest("porxy", words), "proxy");
  assertEquals(nearest("zebra", words), null);
  assertEquals(nearest("", words), null);
  assertEquals(nearest("load", []), null);
});

Deno.test("nearest() suggests directives, with letters swapped or missing", () => {
  const names = ["proxy.reverse.url", "proxy.preserve-host", "file.dir", "listen"];
  assertEquals(nearest("proxy.preserv-host", names), "proxy.preserve-host");
  assertEquals(nearest("lisen", names), "listen");
  assertEquals(nearest("file.dri", names), "file.dir");
  assertEquals(nearest("banana", names), null);
});

const distances: readonly [string, string, number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["load", "load", 0],
  ["laod", "load", 1],
  ["lod", "load", 1],
  ["loads", "load", 1],
  ["lead", "load", 1],
  ["kitten", "sitting", 3],
];
for (const [left, right, expected] of distances) {
  Deno.test(`editDistance() of ${left || "nothing"} and ${right || "nothing"} is ${expected}`, () => {
    assertEquals([editDistance(left, right), editDistance(right, left)], [expected, expected]);
  });
}
