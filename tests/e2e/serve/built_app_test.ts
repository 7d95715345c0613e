/** hayate build: one executable with the app inside. */
import { assertEquals, assertMatch } from "@std/assert";
import { codeEnd } from "../../../mod/code/code_pack.ts";
import { Child, runHayate, runProgram } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

/** Builds `app` of the folder; the folder with nothing but the program. */
async function build(source: TempFolder, app: string, ...flags: string[]): Promise<TempFolder> {
  const folder = await tempFolder();
  const args = ["build", ...flags, "-o", `${folder.path}/app`, app];
  const { code, stdout, stderr } = await runHayate(args, { cwd: source.path });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^wrote \S+\/app \(\d+ kB of code(, \d+ files with \d+ kB)?\)\n$/);
  return folder;
}

interface Running extends AsyncDisposable {
  readonly child: Child;
  readonly url: string;
}

/** Starts the program with a cache of its own. */
async function start({ path }: TempFolder, ...args: string[]): Promise<Running> {
  const port = freePort();
  const words = ["--host", "127.0.0.1", "--port", String(port), ...args];
  const env = { XDG_CACHE_HOME: `${path}/cache` };
  const child = new Child(`${path}/app`, words, { cwd: "/", env });
  await child.waitForLine(/listening on /);
  const url = `http://127.0.0.1:${port}`;
  return { child, url, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

Deno.test("a built app serves with flags, arguments and files, without its sources", async () => {
  let built: TempFolder;
  {
    await using source = await tempFolder();
    await source.write("data/deep/a.txt", "included");
    await source.write("src/name.ts", `export const name: string = import.meta.url;`);
    await source.write(
      "src/app.ts",
      `import { name } from "./name.ts";
const file = new URL("../data/deep/a.txt", import.meta.url);
export default { fetch: async () => Response.json([
  name.slice(-12), Deno.args, await Deno.readTextFile(file), import.meta.main ]) };`,
    );
    built = await build(source, "src/app.ts", "--include", "data");
  }
  await using folder = built;
  // The second start finds the files in the cache.
  for (const workers of ["2", "1"]) {
    await using running = await start(folder, "--workers", workers, "--", "--one", "two");
    const expected = ["/src/name.ts", ["--one", "two"], "included", true];
    assertEquals(await (await fetch(running.url)).json(), expected);
    if (workers === "2") continue;
    const { code, stderr } = await runHayate(
      ["serve", "profile", "--for", "100ms", "-o", "-", String(running.child.pid)],
    );
    assertEquals([code, stderr], [0, ""]);
  }
  const program = `${folder.path}/app`;
  const help = await runProgram(program, ["--help"]);
  assertMatch(help.stdout, /^Usage: hayate serve/m);
  const odd = await runProgram(program, ["other.ts"]);
  assertMatch(odd.stderr, /unexpected argument other\.ts: this program serves the app in it/);
  assertEquals(odd.code, 2);
  const again = await runProgram(program, ["build", "x.ts"]);
  assertMatch(again.stderr, /this program has an app in it: use hayate/);
});

Deno.test("a built app has its packages inside, those of CommonJS, too", async () => {
  await using source = await tempFolder();
  await source.write("package.json", `{"name":"x"}`);
  await source.write("node_modules/old/package.json", `{"main":"lib/main.js"}`);
  await source.write(
    "node_modules/old/lib/main.js",
    `'use strict'
const { join } = require("path");
const timer = setTimeout(() => {}, 1); timer.unref();
exports.part = require("./part"); exports.data = require("./data.json").n;
exports.isStrict = function () { return this === undefined; };
exports.place = join(__dirname, "x"); exports.absent = null;
try { require("absent"); } catch (error) { exports.absent = error.code; }`,
  );
  await source.write("node_modules/old/lib/part.js", `module.exports = () => "part";`);
  await source.write("node_modules/old/lib/data.json", `{"n": 7}`);
  await source.write("node_modules/new/package.json", `{"type":"module","exports":"./main.js"}`);
  await source.write(
    "node_modules/new/main.js",
    `import old from "old";
export const both = old.part() + old.data;`,
  );
  await source.write(
    "app.ts",
    `import { createServer } from "node:http";
import old, { part } from "old";
import { both } from "new";
const { isStrict } = old;
createServer((_, response) => response.end(JSON.stringify([
  part(), both, isStrict(), old.absent, old.place.endsWith("/node_modules/old/lib/x"),
]))).listen(1);`,
  );
  await using folder = await build(source, "app.ts");
  await using running = await start(folder, "--workers", "1");
  const expected = ["part", "part7", true, "MODULE_NOT_FOUND", true];
  assertEquals(await (await fetch(running.url)).json(), expected);
});

Deno.test("hayate build says what cannot be built", async () => {
  await using source = await tempFolder();
  await source.write("ok.ts", `export default { fetch: () => new Response() };`);
  await source.write("missing.ts", `import "absent"; export default () => new Response();`);
  await source.write("native.cjs", `module.exports = require("./code.node");`);
  await source.write("code.node", "");
  await source.write("folder/x", "");
  const cases: [args: string[], code: number, expected: RegExp][] = [
    [[], 2, /APP is missing/],
    [["none.ts"], 78, /hayate build: none\.ts: No such file or directory\n$/],
    [["folder"], 78, /folder: is a folder, not an app/],
    [["missing.ts"], 78, /cannot import "absent": absent is in no node_modules folder/],
    [["native.cjs"], 78, /native code \(.*\/code\.node\) cannot be put into a program/],
    [["-o", "folder", "ok.ts"], 1, /folder: is a folder/],
    [["-o", "none/app", "ok.ts"], 1, /none\/app: No such file or directory\n$/],
    [["--include", "none", "ok.ts"], 1, /--include none: No such file/],
    [["--include", "/etc", "ok.ts"], 1, /--include \/etc: is not below .*, the folder of the app/],
  ];
  for (const [args, code, expected] of cases) {
    const result = await runHayate(["build", ...args], { cwd: source.path });
    assertMatch(result.stderr, expected);
    assertEquals(result.code, code, args.join(" "));
  }
  const names = Array.from(Deno.readDirSync(source.path), ({ name }) => name).sort();
  assertEquals(names, ["code.node", "folder", "missing.ts", "native.cjs", "ok.ts"]);
});

Deno.test("a built app that was changed does not start", async () => {
  await using source = await tempFolder();
  await source.write("data.txt", "included");
  await source.write("app.js", `export default { fetch: () => new Response() };`);
  await using folder = await build(source, "app.js", "--include", "data.txt");
  const program = await Deno.readFile(`${folder.path}/app`);
  using built = await Deno.open(`${folder.path}/app`);
  const head = codeEnd(built);
  const contentBytes = Number(new DataView(program.buffer).getBigUint64(head + 8, true));
  // The digest, the code, an included file, the length of the content.
  for (const at of [head + 24, head + 56 + contentBytes - 1, head + 56 + contentBytes, head + 14]) {
    await Deno.writeFile(`${folder.path}/odd`, program, { mode: 0o755 });
    const file = await Deno.open(`${folder.path}/odd`, { write: true });
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(new Uint8Array([program[at] ^ 1]));
    file.close();
    const env = { XDG_CACHE_HOME: `${folder.path}/cache`, HAYATE_USER: "root" };
    const args = ["--port", "0", "--workers", "1"];
    const { code, stderr } = await runProgram(`${folder.path}/odd`, args, { env });
    assertMatch(
      stderr,
      /^hayate(?: serve)?: \S+\/odd: the app in it is damaged: build it again\n$/,
    );
    assertEquals(code, 1, String(at - head));
  }
});
