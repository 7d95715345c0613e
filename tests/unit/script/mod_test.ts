import { assert, assertEquals } from "@std/assert";
import { StartError } from "../../../mod/base/errors.ts";
import { loadScript, type ScriptModule, withOriginalPaths } from "../../../mod/script/mod.ts";
// Imported here, or the first test would appear to leak the library that it opens.
import "../../../mod/sys/memory_file.ts";

async function load(files: Record<string, string>, entry: string): Promise<ScriptModule> {
  const folder = Deno.makeTempDirSync({ prefix: "hayate script " });
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    return await loadScript(`${folder}/${entry}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function failureOf(files: Record<string, string>, entry: string): Promise<string> {
  try {
    await load(files, entry);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  throw new Error("loaded");
}

Deno.test("loadScript() imports JavaScript unchanged", async () => {
  const module = await load({
    "a.js": `import { b } from "./b.js"; export default b + 1;`,
    "b.js": "export const b = 1;",
  }, "a.js");
  assertEquals(module.default, 2);
});

Deno.test("loadScript() strips types, enums and parameter properties, across files", async () => {
  const module = await load({
    "a.ts": `import { type T, Color, P } from "./b.ts";
import * as fs from "node:fs";
interface Unused { a: T }
const value = { a: "./b.ts" } satisfies { a: string };
export const lazy = async () => (await import("./c.mts")).c;
export default [Color.blue, new P("q").q, value.a, typeof fs.readFileSync];`,
    "b.ts": `export type T = number;
export enum Color { red, blue }
export class P { constructor(readonly q: string) {} }`,
    "c.mts": `export const c: number = 3;`,
  }, "a.ts");
  assertEquals(module.default, [1, "q", "./b.ts", "function"]);
});

Deno.test("loadScript() keeps paths, lines and import.meta of the original", async () => {
  const module = await load({
    "a.ts": `
export const url: string = import.meta.url;
export const name: string = import.meta.filename!;
export function where(): string {
  return new Error("x").stack!;
}`,
  }, "a.ts");
  assert(String(module.url).endsWith("/a.ts"), String(module.url));
  assert(String(module.name).endsWith("/a.ts"), String(module.name));
  const stack = withOriginalPaths((module.where as () => string)());
  assert(stack.includes("/a.ts:5:10"), stack);
});

Deno.test("loadScript() loads JavaScript that imports TypeScript", async () => {
  const module = await load({
    "a.js": `import { b } from "./b.ts"; export default b;`,
    "b.ts": "export const b: number = 7;",
  }, "a.js");
  assertEquals(module.default, 7);
});

Deno.test("loadScript() turns JSX into calls", async () => {
  const module = await load({
    "a.tsx": `const React = { createElement: (...all: unknown[]) => all };
export default <p id="x">hi</p>;`,
  }, "a.tsx");
  assertEquals(module.default, ["p", { id: "x" }, "hi"]);
});

Deno.test("loadScript() reports an error in one line", async () => {
  const missing = await failureOf({}, "a.js");
  assert(missing.endsWith("/a.js: no such file"), missing);
  const syntax = await failureOf({ "a.ts": "const a: = 1;" }, "a.ts");
  assert(/\ba\.ts:1:10: Unexpected token$/.test(syntax), syntax);
  const thrown = await failureOf({ "a.ts": "\nthrow new RangeError('no\\nway');" }, "a.ts");
  assert(/a\.ts: RangeError while it was loaded: no \(.*a\.ts:2:7\)$/.test(thrown), thrown);
  for (const text of [missing, syntax, thrown]) assert(!text.includes("\n"), text);
});
