/** The forms in which an app gives its handler: a function, `Deno.serve`, a server of `node:http`. */
import { assertEquals, assertMatch } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

eachBackend("an app can be a function, or open its server with Deno.serve", async (backend) => {
  const answer = "new Response([request.method, info.remoteAddr.hostname, " +
    "info.completed instanceof Promise].join())";
  const apps: Record<string, string> = {
    "function.js": `export default (request, info) => ${answer};`,
    "handler.js": `Deno.serve((request, info) => ${answer});`,
    "options.js":
      `const server = Deno.serve({ port: 1 }, (request, info) => ${answer}); server.unref();`,
    "property.js": `Deno.serve({ port: 1, handler: (request, info) => ${answer} });`,
    "main.js": `if (import.meta.main) Deno.serve((request, info) => ${answer});`,
    "error.js":
      `Deno.serve({ onError: () => new Response("GET,127.0.0.1,true") }, () => { throw 1; });`,
    "late.js": `setTimeout(() => Deno.serve((request, info) => ${answer}), 20);`,
  };
  for (const [name, text] of Object.entries(apps)) {
    await using served = await startServe({ args: [`@${name}`], files: { [name]: text }, backend });
    assertEquals(await (await fetch(served.url)).text(), "GET,127.0.0.1,true", name);
  }
});

const listener = `async (req, res) => {
  let length = 0;
  for await (const chunk of req) length += chunk.length;
  res.statusCode = 201;
  res.setHeader("x-from", req.headers["x-to"] + " " + req.socket.remoteAddress);
  res.write(req.method + " " + req.url + " ");
  setTimeout(() => res.end(String(length)), 1);
}`;

eachBackend("servers of node:http answer on hayate's listener", async (backend) => {
  const apps: Record<string, string> = {
    "app.mjs": `import { createServer } from "node:http";
const server = createServer(${listener});
server.listen(3000, () => { if (!server.listening || server.address().port === 3000) throw 1; });`,
    "app.js":
      `const http = require("http"); http.createServer(${listener}).listen(3000, "localhost");`,
    "express.js": `const app = ${listener}; app.handle = app; module.exports = app;`,
    "koa.mjs": `export default { listen() {}, callback: () => ${listener} };`,
    "fastify.mjs": `import { createServer } from "node:http";
let isReady = false;
const server = createServer((req, res) => isReady && (${listener})(req, res));
export default { server, ready: async () => void (isReady = true) };`,
  };
  for (const [name, text] of Object.entries(apps)) {
    await using served = await startServe({ args: [`@${name}`], files: { [name]: text }, backend });
    const headers = { "x-to": "there" };
    const got = await fetch(`${served.url}/a?b=c`, { headers });
    assertEquals(
      [got.status, got.headers.get("x-from"), await got.text()],
      [201, "there 127.0.0.1", "GET /a?b=c 0"],
      name,
    );
    const body = new Uint8Array(300_000);
    const posted = await fetch(served.url, { method: "POST", headers, body });
    assertEquals(await posted.text(), "POST / 300000", name);
  }
});

Deno.test("a second server of an app is named, and not opened", async () => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": `Deno.serve({ port: 1 }, () => new Response("first"));
Deno.serve({ port: 2 }, () => new Response("second"));`,
    },
  });
  assertEquals(await (await fetch(served.url)).text(), "first");
  await served.child.waitForLine(/the app opens a second server \(port 2\)/);
});

Deno.test("an app that never opens its server is an error", async () => {
  await using folder = await tempFolder();
  const app = await folder.write("app.js", "if (false) Deno.serve(() => new Response());");
  const { code, stderr } = await runHayate(["serve", "--port", "0", "--start-timeout", "1", app]);
  assertMatch(stderr, /app\.js: not started after 1 s: its listen\(\) has not settled/);
  assertEquals(code, 78);
});

Deno.test("the words after -- are the app's command line, and PORT is hayate's", async () => {
  const apps: Record<string, string> = {
    "deno.js": "const all = [Deno.args, Deno.env.get('PORT')];",
    "global.mjs": "const all = [process.argv.slice(2), process.env.PORT];",
    "import.mjs": `import { argv } from "node:process";
const all = [argv.slice(2), process.env.PORT];`,
    "main.cjs": "const all = [process.argv.slice(2), process.env.PORT];",
  };
  for (const [name, text] of Object.entries(apps)) {
    const answer = "() => Response.json(all)";
    const end = name.endsWith(".cjs")
      ? `exports.fetch = ${answer}`
      : `export const fetch = ${answer}`;
    await using served = await startServe({
      args: [`@${name}`, "--", "--flag", "a b"],
      files: { [name]: `${text}\n${end};` },
    });
    const answered = await (await fetch(served.url)).json();
    assertEquals(answered, [["--flag", "a b"], String(served.port)], name);
  }
  await using folder = await tempFolder();
  const { code, stderr } = await runHayate(["serve", folder.path, "--", "x"]);
  assertMatch(stderr, /the words after -- are for an app: no APP is given before x/);
  assertEquals(code, 2);
});

Deno.test("a CommonJS module imports ES modules, from packages and files", async () => {
  await using served = await startServe({
    args: ["@app.cjs"],
    files: {
      "node_modules/esm/package.json": `{"type":"module","exports":{"import":"./main.js"}}`,
      "node_modules/esm/main.js": `import { part } from "./part.js";
export const name = "esm " + part;`,
      "node_modules/esm/part.js": `export const part = "in two files";`,
      "local.mjs": `import { name } from "esm"; export default name.length;`,
      "app.cjs": `const inString = "import(x)";
const load = async (name) => (await import(name));
const missing = import("absent").catch((error) => error.code);
exports.fetch = async () => Response.json([
  (await import("esm")).name,
  (await load(require("url").pathToFileURL(__dirname + "/local.mjs").href)).default,
  (await load("./local.mjs")) === (await import("./local.mjs")),
  typeof (await import("node:fs")).readFileSync,
  await missing,
  inString,
]);`,
    },
  });
  const expected = [
    ...["esm in two files", 16, true, "function", "ERR_MODULE_NOT_FOUND", "import(x)"],
  ];
  assertEquals(await (await fetch(served.url)).json(), expected);
});
