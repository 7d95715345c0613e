/** Apps in TypeScript, apps of several files, frameworks, and imports that cannot be resolved. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Child, runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { appWith, eachBackend, type Served, startServe } from "../../support/serve.ts";

Deno.test("a TypeScript app of several files runs unchanged, and stacks have its own lines", async () => {
  await using served = await startServe({
    args: ["@app.ts"],
    files: {
      "app.ts": `import { greet, type Named } from "./lib/greet.ts";

enum Mood { good, bad }
class Page implements Named {
  constructor(readonly name: string, private readonly mood: Mood = Mood.good) {}
}
export default {
  fetch(request: Request): Response {
    const page = new Page(new URL(request.url).pathname) satisfies Named;
    if (page.name === "/fail") throw new Error("failed" as string);
    return new Response(greet<Named>(page));
  },
};
`,
      "lib/greet.ts": `export interface Named { readonly name: string }
export function greet<T extends Named>(named: T): string { return \`hello \${named.name!}\`; }
`,
    },
  });
  assertEquals(await (await fetch(`${served.url}/x`)).text(), "hello /x");
  const failed = await fetch(`${served.url}/fail`);
  assertEquals([failed.status, await failed.text()], [500, "500 Internal Server Error\n"]);
  await served.child.waitForLine(
    /app failed on GET \/fail: Error: failed \| at .*\/app\.ts:10:\d+/,
  );
});

Deno.test("an app that cannot be loaded is an error with its place, with exit code 78", async () => {
  const rows: [files: Record<string, string>, pattern: RegExp][] = [
    [
      { "app.js": `import { Hono } from "hono"; export default new Hono();` },
      /app\.js:1:22: cannot import "hono": hono is in no node_modules .*\(npm install hono\)\n/,
    ],
    [
      { "app.ts": `import { Hono } from "npm:hono@4"; export default new Hono();` },
      /app\.ts:1:22: cannot import "npm:hono@4": hono is in no node_modules /,
    ],
    [
      { "app.js": `import "jsr:@std/yaml"; export default {};` },
      /app\.js:1:8: cannot import "jsr:@std\/yaml": .*\(deno add jsr:@std\/yaml/,
    ],
    [
      { "app.js": `import x from "https://example.test/x.js"; export default x;` },
      /app\.js:1:15: cannot import "https:\/\/example\.test\/x\.js": .* hayate downloads nothing/,
    ],
    [
      { "app.js": `import x from "./none.js"; export default x;` },
      /app\.js:1:15: cannot import "\.\/none\.js": there is no such file\n.*1 \| import x .*\n.*\| {15}\^/,
    ],
    [{ "app.js": "export default {" }, /app\.js: Unexpected end of input at .*\/app\.js:1:17/],
    [{ "app.ts": "export default { fetch(: };" }, /app\.ts:1:24: Unexpected token/],
    [{ "app.js": "\nnull.x;" }, /app\.js: TypeError while it was loaded: .*app\.js:2:6/],
    [{ "app.js": "export default 5;" }, /default export without fetch; expected export default/],
    [{ "app.js": "export const a = 1;" }, /no default export; expected export default/],
  ];
  for (const [files, pattern] of rows) {
    await using folder = await tempFolder();
    const [[name, text]] = Object.entries(files);
    const path = await folder.write(name, text);
    const { code, stderr } = await runHayate(["serve", "--port", "0", path]);
    assertEquals(code, 78, stderr);
    assertMatch(stderr, pattern);
  }
  const missing = await runHayate(["serve", "--port", "0", "/nowhere/app.js"]);
  assertEquals([missing.code, missing.stderr], [
    78,
    "hayate serve: /nowhere/app.js: no such file\n",
  ]);
});

Deno.test("fetch can be a method that uses this, or a separate export", async () => {
  for (
    const text of [
      `export default { name: "x", fetch() { return new Response(this.name); } };`,
      `export function fetch() { return new Response("x"); }`,
      `class App { #name = "x"; fetch = () => new Response(this.#name); }
export default new App();`,
    ]
  ) {
    await using served = await startServe({ args: ["@app.js"], files: { "app.js": text } });
    assertEquals(await (await fetch(served.url)).text(), "x");
  }
});

Deno.test("a handler can use timers, fetch and node: modules", async () => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": `import { createHash } from "node:crypto";
${
        appWith(`async (request) => {
  if (request.url.endsWith("/inner")) return new Response("inner");
  await new Promise((resolve) => setTimeout(resolve, 5));
  const inner = await (await fetch(new URL("/inner", request.url))).text();
  return new Response(inner + createHash("sha1").update("x").digest("hex").slice(0, 4));
}`)
      }`,
    },
  });
  assertEquals(await (await fetch(served.url)).text(), "inner11f6");
});

const honoApp = `import { Hono } from "npm:hono@4.13.19";
import { cors } from "npm:hono@4.13.19/cors";
import { streamText } from "npm:hono@4.13.19/streaming";
interface Echo { readonly text: string }
const app = new Hono();
app.use("/api/*", cors());
app.use(async (c, next) => { await next(); c.header("x-powered", "hono"); });
app.get("/", (c) => c.text("hono " + (c.req.query("q") as string)));
app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), agent: c.req.header("user-agent") }));
app.post("/api/echo", async (c) => c.json({ got: (await c.req.json<Echo>()).text }));
app.post("/form", async (c) => c.text(String((await c.req.parseBody()).field)));
app.get("/stream", (c) => streamText(c, async (out) => { await out.write("a"); await out.write("b"); }));
app.get("/fail", () => { throw new Error("handled by hono"); });
app.onError((error, c) => c.text("caught: " + error.message, 500));
app.notFound((c) => c.text("nope", 404));
export default app;
`;

/** Bundled once by the Deno that runs the tests, as its users would do it. */
let bundle: Promise<string> | null = null;

async function bundleHono(): Promise<string> {
  await using folder = await tempFolder();
  const entry = await folder.write("hono.ts", honoApp);
  const output = `${folder.path}/hono.js`;
  const args = ["bundle", "--no-config", "-q", "-o", output, entry];
  const { code, stderr } = await new Child(Deno.execPath(), args).result();
  assertEquals(code, 0, stderr);
  return await Deno.readTextFile(output);
}

eachBackend(
  "a Hono app, written in TypeScript and bundled to one file, runs unchanged",
  async (backend) => {
    bundle ??= bundleHono();
    await using served = await startServe({
      args: ["@app.js"],
      backend,
      files: { "app.js": await bundle },
    });
    await exerciseHono(served);
  },
);

Deno.test("a Hono bundle named .ts runs", async () => {
  bundle ??= bundleHono();
  await using served = await startServe({
    args: ["@app.ts"],
    files: {
      "app.ts": `import bundled from "./bundle.js";
export default { fetch: (request: Request, info: unknown) => bundled.fetch(request, info as never) };`,
      "bundle.js": await bundle,
    },
  });
  await exerciseHono(served);
});

async function exerciseHono(served: Served): Promise<void> {
  const get = (path: string, init?: RequestInit) => fetch(served.url + path, init);
  const root = await get("/?q=1");
  assertEquals([await root.text(), root.headers.get("x-powered")], ["hono 1", "hono"]);
  const user = await get("/users/42", { headers: { "user-agent": "test" } });
  assertEquals(await user.json(), { id: "42", agent: "test" });
  const echo = await get("/api/echo", {
    method: "POST",
    body: JSON.stringify({ text: "hi" }),
    headers: { "content-type": "application/json", origin: "http://a.test" },
  });
  assertEquals(echo.headers.get("access-control-allow-origin"), "*");
  assertEquals(await echo.json(), { got: "hi" });
  const form = new FormData();
  form.set("field", "value");
  assertEquals(await (await get("/form", { method: "POST", body: form })).text(), "value");
  assertEquals(await (await get("/stream")).text(), "ab");
  const fail = await get("/fail");
  assertEquals([fail.status, await fail.text()], [500, "caught: handled by hono"]);
  const none = await get("/none");
  assertEquals([none.status, await none.text()], [404, "nope"]);
  const preflight = await get("/api/echo", {
    method: "OPTIONS",
    headers: { origin: "http://a.test", "access-control-request-method": "POST" },
  });
  assertEquals(preflight.status, 204);
  assert(preflight.headers.get("access-control-allow-methods")?.includes("POST"));
}
