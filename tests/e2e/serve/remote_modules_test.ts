/** Modules with https: and jsr: names, from a vendor folder and from Deno's cache, offline. */
import { assertEquals, assertMatch } from "@std/assert";
import { sha256 } from "../../../mod/base/sha256.ts";
import { runHayate, runProgram } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { startServe } from "../../support/serve.ts";

const types: Readonly<Record<string, string>> = {
  js: "text/javascript",
  json: "application/json",
  ts: "application/typescript",
};

/** What a registry of JSR and a site answer with. */
async function filesOf(): Promise<Readonly<Record<string, string>>> {
  const code: Record<string, string> = {
    "/mod.ts": `import { name } from "./lib/Name.ts"; import data from "../../../data.json" with {
  type: "json" }; export const greet: string = "hello " + name + data.n;`,
    "/lib/Name.ts": `export const name: string = import.meta.url.split("/").pop()!;`,
  };
  const manifest: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(code)) {
    manifest[path] = { size: text.length, checksum: `sha256-${await sha256(text)}` };
  }
  const exports = { ".": "./mod.ts", "./sub": "./lib/Name.ts" };
  const meta = { scope: "acme", name: "greet", latest: "1.2.0", versions: { "1.2.0": {} } };
  const inPackage = Object.entries(code).map(([path, text]) => [`/@acme/greet/1.2.0${path}`, text]);
  return {
    "/@acme/greet/meta.json": JSON.stringify(meta),
    "/@acme/greet/1.2.0_meta.json": JSON.stringify({ manifest, exports }),
    ...Object.fromEntries(inPackage),
    "/data.json": `{"n": 7}`,
    "/x/y.ts?v=1": `import z from "./Z.js"; export const y: number = z + 1;`,
    "/x/Z.js": `export default 41;`,
    // An address without a version leads to one.
    "/x": "location: /x/Z.js",
  };
}

function answer(files: Readonly<Record<string, string>>, request: Request): Response {
  const { pathname, search } = new URL(request.url);
  const text = files[pathname + search];
  if (text === undefined) return new Response("", { status: 404 });
  const [, location] = /^location: (.*)/.exec(text) ?? [];
  if (location !== undefined) return new Response(null, { status: 302, headers: { location } });
  const type = types[pathname.slice(pathname.lastIndexOf(".") + 1)];
  return new Response(text, { headers: { "content-type": type } });
}

for (const place of ["a vendor folder", "Deno's cache"]) {
  Deno.test(`an app imports https: and jsr: modules from ${place}`, async () => {
    const files = await filesOf();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => answer(files, request),
    );
    const site = `http://127.0.0.1:${server.addr.port}`;
    await using folder = await tempFolder();
    await using cache = await tempFolder();
    const app = `import { greet } from "jsr:@acme/greet@1";
import { name } from "jsr:@acme/greet@^1.2.0/sub";
import { y } from "${site}/x/y.ts?v=1";
import z from "${site}/x";
export default { fetch: () => Response.json([greet, name, y, z]) };`;
    const isVendored = place === "a vendor folder";
    await folder.write("deno.json", JSON.stringify({ vendor: isVendored }));
    const path = await folder.write("app.ts", app);
    const env = { JSR_URL: `${site}/`, DENO_DIR: cache.path };
    const stored = await runProgram(Deno.execPath(), ["cache", "-q", "--allow-import", "app.ts"], {
      cwd: folder.path,
      env,
    });
    assertEquals(stored.code, 0, stored.stderr);
    await server.shutdown();
    const offline = { JSR_URL: `${site}/`, DENO_DIR: isVendored ? "/nonexistent" : cache.path };
    await using served = await startServe({ args: [path], env: offline });
    const expected = ["hello Name.ts7", "Name.ts", 42, 41];
    assertEquals(await (await fetch(served.url)).json(), expected);

    // The lock file is believed more than what is stored.
    const lock = await Deno.readTextFile(`${folder.path}/deno.lock`);
    const known = await sha256(files["/x/Z.js"]);
    await folder.write("deno.lock", lock.replaceAll(known, "0".repeat(64)));
    const changed = await runHayate(["serve", "--port", "0", path], { env: offline });
    assertMatch(changed.stderr, /what is stored for \S+\/x\/Z\.js is not what deno\.lock expects/);
    assertEquals(changed.code, 78);
  });
}

Deno.test("remote modules that are not stored are named, with what to do", async () => {
  await using folder = await tempFolder();
  await folder.write("deno.json", "{}");
  const cases: [name: string, expected: RegExp][] = [
    [
      "https://example.com/a.ts",
      /app\.ts:1:19: cannot import "https:\S+": https:\S+ is not in a vendor folder or in Deno's/,
    ],
    ["jsr:@acme/none@^1", /cannot import "jsr:\S+": .* no deno\.lock says which version it is/],
    ["jsr:@acme/none@1.0.0", /\/@acme\/none\/1\.0\.0_meta\.json is not in a vendor folder or in/],
  ];
  for (const [name, expected] of cases) {
    const path = await folder.write("app.ts", `import { a } from "${name}"; export default a;`);
    const env = { DENO_DIR: folder.path };
    const { code, stderr } = await runHayate(["serve", "--port", "0", path], { env });
    assertMatch(stderr, expected);
    assertEquals(code, 78);
  }
});
