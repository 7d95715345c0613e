/** Which chunks are loaded together after the start of a role. */
import { assertEquals } from "@std/assert";
import { partsOf } from "../../../../scripts/packing/parts.ts";

const chunks = new Map([
  ["main.js", `"main.js":function(){__require("base.js");__load("late.js");__load("never.js")}`],
  ["base.js", `"base.js":function(){}`],
  ["late.js", `"late.js":function(){__require("base.js");__require("deep.js")}`],
  ["deep.js", `"deep.js":function(){__require("node:vm");__require("late.js");__load("last.js")}`],
  ["last.js", `"last.js":function(){__require("deep.js")}`],
  ["never.js", `"never.js":function(){}`],
]);
const roles = new Map([["serve", new Set(["main.js", "base.js"])]]);

function partsIn(...names: string[]): Record<string, string[]> {
  const parts = partsOf(chunks, roles, [{ role: "serve", names }]);
  return Object.fromEntries(Array.from(parts, ([first, each]) => [first, [...each].sort()]));
}

Deno.test("a part has what its first chunk imports and its role lacks", () => {
  assertEquals(partsIn("base.js", "main.js", "deep.js", "late.js"), {
    "late.js": ["deep.js", "late.js"],
  });
});

Deno.test("each import() begins a part of its own", () => {
  assertEquals(partsIn("base.js", "main.js", "deep.js", "late.js", "last.js"), {
    "late.js": ["deep.js", "late.js"],
    "last.js": ["deep.js", "last.js", "late.js"],
  });
});

Deno.test("what no run has loaded, or the role has from its start, is no part", () => {
  assertEquals(partsIn("base.js", "main.js"), {});
  const all = new Map([["serve", new Set(chunks.keys())]]);
  assertEquals(partsOf(chunks, all, [{ role: "serve", names: ["late.js"] }]).size, 0);
});
