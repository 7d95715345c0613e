import { assertEquals } from "@std/assert";
import { checkLayers } from "../../../../scripts/checks/layers.ts";
import { importFault, layerOf, roomOf, rooms } from "../../../../scripts/checks/layer_table.ts";
import { tempFolder } from "../../../support/ports.ts";

/** The findings for a tree that holds main.ts and `files`. */
async function findingsFor(files: Record<string, string>): Promise<string[]> {
  await using folder = await tempFolder();
  await folder.write("main.ts", "export {};\n");
  for (const [path, text] of Object.entries(files)) await folder.write(path, text);
  return await checkLayers(folder.path);
}

const target = "export const x = 1;\n";

Deno.test("layerOf() knows every folder of this checkout", () => {
  const mod = new URL("../../../../mod", import.meta.url);
  const folders = Array.from(Deno.readDirSync(mod)).filter((entry) => entry.isDirectory);
  assertEquals(folders.filter(({ name }) => layerOf(name) < 0).map(({ name }) => name), []);
});

Deno.test("importFault() allows imports downwards and inside a folder", () => {
  assertEquals(importFault("mod/conn/a.ts", "mod/http1/b.ts"), null);
  assertEquals(importFault("mod/load/a.ts", "mod/load/report/b.ts"), null);
});

Deno.test("roomOf() knows every folder inside of a folder with rooms", () => {
  const unknown = Object.keys(rooms).flatMap((folder) =>
    foldersIn(`mod/${folder}`).filter((path) => roomOf(folder, `${path}/x.ts`) === null)
  );
  assertEquals(unknown, []);
});

/** Every folder at any depth of `path`, relative to the root. */
function foldersIn(path: string): string[] {
  return Array.from(Deno.readDirSync(new URL(`../../../../${path}`, import.meta.url)))
    .filter((entry) => entry.isDirectory)
    .flatMap(({ name }) => [`${path}/${name}`, ...foldersIn(`${path}/${name}`)]);
}

Deno.test("importFault() allows imports from the top of a folder to its rooms, and downwards", () => {
  assertEquals(importFault("mod/load/run.ts", "mod/load/thread/a.ts"), null);
  assertEquals(importFault("mod/load/run.ts", "mod/load/mod.ts"), null);
  assertEquals(importFault("mod/load/thread/a.ts", "mod/load/plan/b.ts"), null);
  assertEquals(importFault("mod/load/thread/a.ts", "mod/load/thread/b.ts"), null);
});

Deno.test("checkLayers() finds imports between rooms that go upwards, sideways or to the top", async () => {
  const findings = await findingsFor({
    "mod/load/x.ts": target,
    "mod/load/thread/x.ts": "export type X = 1;\n",
    "mod/load/news/x.ts": target,
    "mod/load/plan/a.ts": 'import type { X } from "../thread/x.ts";\nexport type Y = X;\n',
    "mod/load/report/b.ts": 'export type { X } from "../thread/x.ts";\n',
    "mod/load/script/c.ts": 'export { x } from "../x.ts";\n',
    "mod/load/thread/d.ts": 'export { x } from "../news/x.ts";\n',
  });
  assertEquals(findings, [
    "mod/load/plan/a.ts:1: load/plan must not import load/thread, a layer above",
    "mod/load/report/b.ts:1: load/report must not import load/thread, a sibling in the same layer",
    "mod/load/script/c.ts:1: load/script must not import mod/load/x.ts, a layer above",
    "mod/load/thread/d.ts:1: mod/load/news has no layer: add it to the rooms in " +
    "scripts/checks/layer_table.ts",
  ]);
});

Deno.test("checkLayers() keeps a room from all but its readers", async () => {
  const findings = await findingsFor({
    "mod/proxy/directives/x.ts": target,
    "mod/proxy/directives/draft/x.ts": target,
    "mod/proxy/run.ts": 'export { x } from "./directives/x.ts";\n',
    "mod/proxy/ctl/a.ts": 'export { x } from "../directives/x.ts";\n',
    "mod/proxy/directives/path/a.ts": 'export { x } from "../draft/x.ts";\n',
    "mod/proxy/health/a.ts": 'export { x } from "../directives/draft/x.ts";\n',
  });
  assertEquals(findings, [
    "mod/proxy/health/a.ts:1: proxy/health must not import proxy/directives, which only the start " +
    "reads",
  ]);
});

Deno.test("checkLayers() is content with a tree that keeps the layers", async () => {
  const findings = await findingsFor({
    "mod/base/x.ts": target,
    "mod/net/a.ts": 'import { x } from "../base/x.ts";\nexport const y = x;\n',
    "mod/process/env.ts": 'export const home = Deno.env.get("HOME");\n',
  });
  assertEquals(findings, []);
});

Deno.test("checkLayers() finds an import upwards, with file and line", async () => {
  const findings = await findingsFor({
    "mod/net/x.ts": target,
    "mod/config/a.ts": '// first line\nimport { x } from "../net/x.ts";\nexport const y = x;\n',
  });
  assertEquals(findings, [
    "mod/config/a.ts:2: config (layer 2) must not import net (layer 3), a layer above",
  ]);
});

Deno.test("checkLayers() finds a sibling, in types, re-exports and dynamic imports alike", async () => {
  const findings = await findingsFor({
    "mod/log/x.ts": "export type X = 1;\n",
    "mod/net/a.ts": 'import type { X } from "../log/x.ts";\nexport type Y = X;\n',
    "mod/net/b.ts": 'export * from "../log/x.ts";\n',
    "mod/net/c.ts": 'export const c = () => import("../log/x.ts");\n',
    "mod/net/d.ts": 'export { type X } from "../log/x.ts";\n',
  });
  const why = "net (layer 3) must not import log (layer 3), a sibling in the same layer";
  assertEquals(findings, ["a", "b", "c", "d"].map((name) => `mod/net/${name}.ts:1: ${why}`));
});

Deno.test("checkLayers() lets only createReactor import the reactor's back ends", async () => {
  const findings = await findingsFor({
    "mod/net/epoll/x.ts": target,
    "mod/net/epoll/y.ts": 'export { x } from "./x.ts";\n',
    "mod/net/mod.ts": 'export const x = () => import("./epoll/x.ts");\n',
    "mod/net/a.ts": 'export { x } from "./epoll/x.ts";\n',
    "mod/net/portable/a.ts": 'export { x } from "../epoll/x.ts";\n',
    "mod/serve/a.ts": 'export { x } from "../net/epoll/x.ts";\n',
  });
  const why = "1: mod/net/epoll/x.ts is private: use createReactor or the public files of mod/net";
  assertEquals(findings, [
    `mod/net/a.ts:${why}`,
    `mod/net/portable/a.ts:${why}`,
    `mod/serve/a.ts:${why}`,
  ]);
});

Deno.test("checkLayers() lets only the low layers make raw system calls", async () => {
  const findings = await findingsFor({
    "mod/sys/libc.ts": target,
    "mod/sys/errno.ts": target,
    "mod/net/a.ts": 'export { x } from "../sys/libc.ts";\n',
    "mod/serve/a.ts": 'export { x } from "../sys/errno.ts";\n',
    "mod/serve/b.ts": 'export { x } from "../sys/libc.ts";\n',
  });
  assertEquals(findings, [
    "mod/serve/b.ts:1: mod/sys/libc.ts is private: use what net, process, static and tls export",
  ]);
});

Deno.test("checkLayers() finds an unknown folder and an import that leaves mod/", async () => {
  const findings = await findingsFor({
    "mod/news/x.ts": target,
    "mod/load/a.ts": 'export { x } from "../news/x.ts";\n',
    "tests/x.ts": target,
    "mod/load/b.ts": 'export { x } from "../../tests/x.ts";\n',
  });
  assertEquals(findings, [
    "mod/load/a.ts:1: mod/news has no layer: add it to scripts/checks/layer_table.ts",
    "mod/load/b.ts:1: mod/ imports nothing from outside of mod/, found tests/x.ts",
  ]);
});

Deno.test("checkLayers() finds a second owner, but not in strings and comments", async () => {
  const findings = await findingsFor({
    "mod/conn/a.ts": 'export const a = "Deno.exit"; // Deno.exit\nDeno.exit(1);\n',
    "mod/conn/b.ts": "export const b = Deno.listen({ port: 1 });\n",
    "mod/net/b.ts": "export const b = Deno.listen({ port: 1 });\n",
    "mod/serve/c.ts": 'export const c = Deno["env"];\n',
    "mod/serve/d.ts": 'export const d = "fetch(1)";\nawait fetch("http://a/");\n',
  });
  assertEquals(findings, [
    "mod/conn/a.ts:2: only main.ts uses Deno.exit: return an exit code, main.ts exits",
    "mod/conn/b.ts:1: only mod/net/ uses Deno.listen: use the reactor of mod/net, or its DNS and " +
    "message sockets",
    "mod/serve/c.ts:1: only mod/process/, main.ts uses Deno.env: take the value as a parameter, " +
    "mod/process reads the environment",
    "mod/serve/d.ts:2: only mod/probes/ask_http.ts, mod/acme/client/transport.ts uses fetch: use the connections of mod/conn: " +
    "these open sockets of their own",
  ]);
});

Deno.test("checkLayers() keeps clocks, promises and Deno out of the codecs", async () => {
  const findings = await findingsFor({
    "mod/http/a.ts": "export const a = async () => await Deno.args;\n",
    "mod/http1/performance.ts": "export const b = 1;\n",
    "mod/http1/a.ts":
      "export const head = { performance: 1 };\nexport const now = performance.now();\n",
  });
  assertEquals(findings, [
    "mod/http/a.ts:1: http is bytes in, events out: no await in it",
    "mod/http/a.ts:1: http is bytes in, events out: no Deno in it",
    "mod/http1/a.ts:2: http1 is bytes in, events out: no performance in it",
  ]);
});

Deno.test("checkLayers() lets only the wrappers import @std, and no module name a registry", async () => {
  const findings = await findingsFor({
    "mod/load/a.ts": 'import { x } from "@std/text";\nexport const y = x;\n',
    "mod/load/b.ts": 'import { x } from "npm:left-pad@1.0.0";\nexport const y = x;\n',
  });
  assertEquals(findings, [
    "mod/load/a.ts:1: only mod/std/ imports @std/text: import a typed wrapper from mod/std",
    "mod/load/b.ts:1: no module may import npm:left-pad@1.0.0: name it in the import map of deno.json",
  ]);
});
