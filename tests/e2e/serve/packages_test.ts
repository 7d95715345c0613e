/** Apps with packages: how names are resolved, what is compiled, and what is cached. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

/** A package of each kind that there is on npm. */
const packages: Record<string, string> = {
  "node_modules/esm/package.json": JSON.stringify({
    type: "module",
    exports: {
      ".": { deno: "./deno.js", default: "./wrong.js" },
      "./sub/*": "./lib/*.js",
      "./only-require": { require: "./wrong.js" },
    },
    imports: { "#own": "./lib/own.js" },
  }),
  "node_modules/esm/deno.js": `export { own } from "#own"; export const kind = "deno";
export { named } from "cjs";
export const here = import.meta.dirname;
const timer = setTimeout(() => {}, 1);
export const timerKind = typeof timer.unref;
timer.unref();`,
  "node_modules/esm/lib/own.js": `export const own = "own";`,
  "node_modules/esm/lib/deep.js": `export default "deep";`,
  "node_modules/cjs/package.json": JSON.stringify({ main: "./index" }),
  "node_modules/cjs/index.js": `const fs = require("fs"), path = require("path");
exports.named = "named";
exports.data = fs.readFileSync(path.join(__dirname, "data.txt"), "utf8");
exports.computed = require("./" + ["p", "arts"].join("") + ".cjs");
exports.json = require("./x.json").x;
exports.esm = require("esm-too").value;`,
  "node_modules/cjs/parts.cjs": `module.exports = "computed";`,
  "node_modules/cjs/x.json": `{"x": 7}`,
  "node_modules/cjs/data.txt": "data",
  "node_modules/babel/package.json": `{}`,
  "node_modules/babel/index.js": `Object.defineProperty(exports, "__esModule", { value: true });
exports.default = "inner"; exports.other = "other";`,
  "node_modules/esm-too/package.json": JSON.stringify({ type: "module", main: "./m.js" }),
  "node_modules/esm-too/m.js": `export const value = "esm from cjs";`,
  "node_modules/@jsr/me__util/package.json": JSON.stringify({
    type: "module",
    exports: { ".": "./mod.js", "./part": "./part.js" },
  }),
  "node_modules/@jsr/me__util/mod.js": `export const util = "util";`,
  "node_modules/@jsr/me__util/part.js": `export const part = "part";`,
};

eachBackend("packages are resolved as Node and Deno resolve them", async (backend) => {
  await using served = await startServe({
    args: ["@src/app.ts"],
    backend,
    files: {
      ...packages,
      "deno.json": `{
  // JSON with comments
  "imports": { "@/": "./src/", "mapped": "npm:esm@^1", "u": "jsr:@me/util@1", },
  "workspace": ["./members/*"],
}`,
      "members/a/deno.json": `{ "name": "@me/a", "exports": { ".": "./m.ts", "./sub": "./s.ts" } }`,
      "members/a/m.ts": `export const a: string = "a";`,
      "members/a/s.ts": `export const s: string = "s";`,
      "src/lib/deep.ts": `export * as ns from "@/lib/leaf.ts";`,
      "src/lib/leaf.ts": `export const leaf: number = 5;`,
      "src/cfg.json": `{ "k": "json" }`,
      "src/app.ts": `import { here, kind, named, own, timerKind } from "esm";
import deep from "esm/sub/deep";
import cjs, { computed, data, esm, json } from "cjs";
import babel, { other } from "babel";
import { kind as byNpm } from "npm:esm@1";
import { kind as byMap } from "mapped";
import { part } from "jsr:@me/util@1/part";
import { util } from "u";
import { ns } from "@/lib/deep.ts";
import { a } from "@me/a";
import { s } from "@me/a/sub";
import cfg from "./cfg.json" with { type: "json" };
import { posix } from "path";
const late = (await import("esm/sub/deep")).default;
let missing = "";
try { await import("not-installed"); } catch (error) { missing = error.name; }
const found = {
  here, kind, named, own, timerKind, deep, computed, data, esm, json, whole: typeof cjs,
  babel: typeof babel, other, byNpm, byMap, part, util, leaf: ns.leaf, a, s, cfg, late, missing,
  joined: posix.join("a", "b"), file: import.meta.filename, main: import.meta.main,
};
export default { fetch: () => Response.json(found) };
`,
    },
  });
  const found = await (await fetch(served.url)).json();
  const folder = await Deno.realPath(served.folder.path);
  assertEquals(found, {
    ...{ here: `${folder}/node_modules/esm`, kind: "deno", named: "named", own: "own" },
    ...{ timerKind: "function", deep: "deep", computed: "computed", data: "data" },
    ...{ esm: "esm from cjs", json: 7, whole: "object", babel: "object", other: "other" },
    ...{ byNpm: "deno", byMap: "deno", part: "part", util: "util", leaf: 5, a: "a", s: "s" },
    ...{ cfg: { k: "json" }, late: "deep", missing: "TypeError", joined: "a/b" },
    ...{ file: `${folder}/src/app.ts`, main: true },
  });
});

Deno.test("all of TypeScript runs: namespaces, enums, both kinds of decorators, using", async () => {
  const body = (decorator: string) =>
    `namespace Shapes { export const sides = 4; export namespace Deep { export const n = 1; } }
const enum Level { low = 1, high }
enum Names { a = "x" }
class Point { constructor(public x: number, private readonly y = 2) {} sum() { return this.x + this.y; } }
${decorator}
const ends: string[] = [];
{ using resource = { [Symbol.dispose]() { ends.push("disposed"); } }; }
abstract class Base { abstract name: string; }
class Made extends Base { declare extra: string; name = "made"; static { ends.push("static"); } }
const found = [Shapes.sides, Shapes.Deep.n, Level.high, Names.a, new Point(1).sum(), ends, new Made().name,
  Object.keys(new Made()), (new Decorated() as any).value];
export default { fetch: () => Response.json(found satisfies unknown[]) };
`;
  const standard = `function twice(_: unknown, { kind }: { kind: string }): any {
  return (start: number) => kind === "field" ? start * 2 : start;
}
class Decorated { @twice value = 21; }`;
  const legacy = `function fixed(target: any, key: string): void {
  Object.defineProperty(target, key, { get: () => 42, set() {} });
}
class Decorated { @fixed value!: number; }`;
  const settings = JSON.stringify({
    compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false },
  });
  const rows: [files: Record<string, string>][] = [
    [{ "app.ts": body(standard) }],
    [{ "app.ts": body(legacy), "tsconfig.json": settings }],
    [{ "app.ts": body(legacy), "deno.json": settings }],
  ];
  for (const [files] of rows) {
    await using served = await startServe({ args: ["@app.ts"], files });
    assertEquals(
      await (await fetch(served.url)).json(),
      [4, 1, 2, "x", 3, ["disposed", "static"], "made", ["name"], 42],
    );
  }
});

Deno.test("JSX and paths follow tsconfig.json or deno.json", async () => {
  const runtime = {
    "node_modules/h/package.json": JSON.stringify({
      type: "module",
      exports: { "./jsx-runtime": "./r.js" },
    }),
    "node_modules/h/r.js":
      "export const jsx = (type, props) => `<${type}>${props.children}</${type}>`; export const jsxs = jsx;",
  };
  const jsx = { jsx: "react-jsx", jsxImportSource: "h" };
  const app = `import { word } from "~/word";
export default { fetch: () => new Response(<b>{word}</b>) };`;
  const rows: Record<string, string>[] = [
    {
      "tsconfig.json": JSON.stringify({
        compilerOptions: { ...jsx, paths: { "~/*": ["./src/*"] } },
      }),
      "src/word.ts": `export const word: string = "hi";`,
    },
    {
      "deno.json": JSON.stringify({ compilerOptions: jsx, imports: { "~/word": "./word.tsx" } }),
      "word.tsx": `export const word = <i>hi</i>;`,
    },
  ];
  const answers: string[] = [];
  for (const files of rows) {
    await using served = await startServe({
      args: ["@app.tsx"],
      files: { ...runtime, ...files, "app.tsx": app },
    });
    answers.push(await (await fetch(served.url)).text());
  }
  assertEquals(answers, ["<b>hi</b>", "<b><i>hi</i></b>"]);
});

Deno.test("a stack in the log names the user's file and line", async () => {
  await using served = await startServe({
    args: ["@my app/app.ts"],
    files: {
      "my app/app.ts": `namespace N { export const x = 1; }
import { fail } from "./deep.ts";
export default { fetch: () => fail(N.x) };`,
      "my app/deep.ts": `interface Gone {
  a: string;
}

export function fail(x: number): never {
  throw new RangeError("gone " + x);
}`,
    },
  });
  await (await fetch(served.url)).body?.cancel();
  await served.child.waitForLine(/RangeError: gone 1 \| at fail \(.*\/my app\/deep\.ts:6:9\) \| /);
});

Deno.test("errors in an app of several files show where, and the line", async () => {
  const app = "namespace N {}\n";
  const rows: [files: Record<string, string>, pattern: RegExp][] = [
    [
      { "app.ts": `${app}import "./b.ts";`, "b.ts": "\nconst a = ;" },
      /b\.ts:2:11: Unexpected ";"\nhayate serve: 2 \| const a = ;\nhayate serve: {3}\| {11}\^\n/,
    ],
    [
      { "app.ts": `${app}import { x } from "./b.ts"; x;`, "b.ts": "export const y = 1;" },
      /app\.ts:2:10: No matching export in ".*b\.ts" for import "x"\n/,
    ],
    [
      { ...packages, "app.ts": `${app}import x from "esm/lib/own.js"; x;` },
      /app\.ts:2:15: cannot import "esm\/lib\/own\.js": The path "\.\/lib\/own\.js" is not exported/,
    ],
    [
      { "app.ts": `${app}throw new TypeError("at once");` },
      /app\.ts: TypeError while it was loaded: at once \(.*\/app\.ts:2:7\)\n/,
    ],
    [{ "app.ts": app, "deno.json": "{ nonsense" }, /deno\.json: .*JSON/],
  ];
  for (const [files, pattern] of rows) {
    await using folder = await tempFolder();
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    const { code, stderr } = await runHayate(["serve", "--port", "0", `${folder.path}/app.ts`]);
    assertMatch(stderr, pattern);
    assertEquals(code, 78, stderr);
  }
});

Deno.test("a linked app is cached, for its owner alone, until something in it changes", async () => {
  await using cache = await tempFolder();
  await using folder = await tempFolder();
  const app = await folder.write(
    "app.ts",
    `namespace N { export const x = 1; }
import { y } from "./y.ts";
export default { fetch: () => new Response("x") };
throw new Error("loaded " + N.x + y);`,
  );
  await folder.write("y.ts", `export const y: string = "one";`);
  const run = async () => {
    const env = { XDG_CACHE_HOME: cache.path };
    const { stderr } = await runHayate(["serve", "--port", "0", app], { env });
    return /loaded \w+/.exec(stderr)?.[0] ?? stderr;
  };
  const cached = () => [...Deno.readDirSync(`${cache.path}/hayate/apps`)].map(({ name }) => name);
  assertEquals(await run(), "loaded 1one");
  const [name] = cached();
  const path = `${cache.path}/hayate/apps/${name}`;
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals((await Deno.stat(`${cache.path}/hayate/apps`)).mode! & 0o777, 0o700);
  const before = (await Deno.stat(path)).ino;
  assertEquals(await run(), "loaded 1one");
  assertEquals((await Deno.stat(path)).ino, before, "it was linked again");
  // The same length: only its content tells.
  await folder.write("y.ts", `export const y: string = "two";`);
  assertEquals(await run(), "loaded 1two");
  const text = await Deno.readFile(path);
  text[text.length >> 1] ^= 1;
  await Deno.writeFile(path, text);
  assertEquals(await run(), "loaded 1two", "a damaged file is not believed");
  // What others may write is not read, even if it is whole.
  await folder.write("y.ts", `export const y: string = "six";`);
  await Deno.chmod(`${cache.path}/hayate/apps`, 0o777);
  assertEquals(await run(), "loaded 1six");
  assertEquals(cached(), [name]);
  assert(!new TextDecoder().decode(await Deno.readFile(path)).includes('"six"'));
});

Deno.test("without a folder for the cache an app is linked at each start", async () => {
  await using folder = await tempFolder();
  const app = await folder.write("app.ts", `namespace N {}\nthrow new Error("loaded");`);
  const env = { XDG_CACHE_HOME: "/proc", HOME: "/proc" };
  const { stderr } = await runHayate(["serve", "--port", "0", app], { env });
  assertStringIncludes(stderr, "loaded");
});

Deno.test("--watch follows files that only the linker finds; a broken edit keeps the old code", async () => {
  await using served = await startServe({
    args: ["--watch", "@app.ts"],
    files: {
      "deno.json": `{ "imports": { "@/": "./lib/" } }`,
      "app.ts": `import { word } from "@/word.ts";
export default { fetch: () => new Response(word) };`,
      "lib/word.ts": `export const word = "one";`,
    },
  });
  const answers = async () => await (await fetch(served.url)).text();
  assertEquals(await answers(), "one");
  await served.folder.write("lib/word.ts", `export const word = ;`);
  await served.child.waitForLine(/lib\/word\.ts:1:21: Unexpected ";"/);
  assertEquals(await answers(), "one");
  await served.folder.write("lib/word.ts", `export const word = "two";`);
  while (await answers() !== "two") await new Promise((resolve) => setTimeout(resolve, 50));
});
