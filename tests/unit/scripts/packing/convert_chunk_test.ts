/** Files of a bundle as functions. */
import { assertEquals, assertThrows } from "@std/assert";
import { scriptOf } from "../../../../mod/code/code_pack.ts";
import { convertChunk } from "../../../../scripts/packing/convert_chunk.ts";

const known = new Set(["main.js", "chunk-A.js", "lazy-B.js", "mod/worker.js"]);

/** What a converted chunk returns, given its modules. */
function run(text: string, modules: Record<string, unknown> = {}, name = "main.js"): any {
  const chunks = (0, eval)(scriptOf(convertChunk(name, text, known)));
  return chunks[name](
    (asked: string) => modules[asked],
    (asked: string) => Promise.resolve(modules[asked]),
    "file:///code/main.js",
  );
}

Deno.test("imports and exports of a bundle's file, minified or not", () => {
  const a = { a: 1, b: 2, default: 3 };
  for (
    const [text, expected] of [
      [`import{a as x,b}from"./chunk-A.js";var y=x+b;export{y as sum,b};`, { sum: 3, b: 2 }],
      [`import {\n  a as x,\n  b\n} from "./chunk-A.js";\n\nvar y = x;\nexport {\n  y\n};\n`, {
        y: 1,
      }],
      [`import*as all from"./chunk-A.js";var y=all.b;export{y as default};`, { default: 2 }],
      [`import d,{b}from"./chunk-A.js";var y=d+b;export{y};`, { y: 5 }],
      [`import d from"./chunk-A.js";export{d};`, { d: 3 }],
      [`import"./chunk-A.js";var $a=1;export{$a as $b};`, { $b: 1 }],
      [`var y=1;`, undefined],
    ] as const
  ) assertEquals(run(text, { "chunk-A.js": a }), expected, text);
});

Deno.test("a built-in module is imported wherever esbuild has left it", () => {
  const text = `import{a}from"./chunk-A.js";var C=class{};import{inflate as z}from"node:zlib";` +
    `import w from"node:module";var y=[z,w,a];export{y};`;
  const modules = {
    "chunk-A.js": { a: 1 },
    "node:zlib": { inflate: 2 },
    "node:module": { default: 3 },
  };
  assertEquals(run(text, modules), { y: [2, 3, 1] });
});

Deno.test("import() of a chunk goes to the loader, of anything else to Deno", async () => {
  const text = `var y=()=>import("./lazy-B.js"),z=()=>import("./other.js");export{y,z};`;
  const { y, z } = run(text, { "lazy-B.js": "lazy" });
  assertEquals(await y(), "lazy");
  assertEquals(String(z), `()=>import("./other.js")`);
});

Deno.test("the module's URL, but not where a text names it", () => {
  const text =
    `var y=new URL("..", import.meta.url).href,z="by import.meta.dirname, import.meta.url";` +
    `export{y,z};`;
  assertEquals(run(text), { y: "file:///", z: "by import.meta.dirname, import.meta.url" });
  assertThrows(() => run(`var y=import.meta.dirname;export{y};`), SyntaxError);
});

Deno.test("names are resolved from the folder of the importer", async () => {
  const text = `import{a}from"../chunk-A.js";export{a};`;
  assertEquals(run(text, { "chunk-A.js": { a: 1 } }, "mod/worker.js"), { a: 1 });
  const later = `var y=()=>import("../lazy-B.js");export{y};`;
  assertEquals(await run(later, { "lazy-B.js": "lazy" }, "mod/worker.js").y(), "lazy");
});

Deno.test("chunks are strict, as modules are", () => {
  assertThrows(() => run(`undeclared=1;`), ReferenceError);
});
