import { assertEquals } from "@std/assert";
import { isPlainApp } from "../../../mod/script/plain_app.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("isPlainApp() tells apps that run as they are", async () => {
  const rows: [isPlain: boolean, files: Record<string, string>][] = [
    [true, { "a.js": `import { x } from "./b.js"; import "node:fs";`, "b.js": "export {};" }],
    [true, { "a.ts": `enum E { a } class P { constructor(readonly x: E) {} }` }],
    [true, { "a.ts": `/** @param x an @sign */\nexport const mail = "a@b.c";` }],
    [false, { "a.js": `import { Hono } from "hono";` }],
    [false, { "a.js": `const hono = await import("hono");` }],
    [false, { "a.js": `import "./b.js";`, "b.js": `export * from "hono";` }],
    [false, { "a.js": `import "./missing.js";` }],
    [false, { "a.js": `import "./b";`, "b.js": "" }],
    [false, { "a.js": `module.exports = { fetch() {} };` }],
    [false, { "a.js": `import x from "./x.json";`, "x.json": "{}" }],
    [false, { "a.tsx": "export default <b/>;" }],
    [false, { "a.ts": `export namespace N { export const x = 1; }` }],
    [false, { "a.ts": `class A { @inject("x") y; }` }],
    [false, { "a.ts": `using file = open();` }],
    [false, { "a.ts": `import fs = require("fs");` }],
  ];
  for (const [isPlain, files] of rows) {
    await using folder = await tempFolder();
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    const [entry] = Object.keys(files);
    assertEquals(isPlainApp(`${folder.path}/${entry}`), isPlain, JSON.stringify(files));
  }
});
