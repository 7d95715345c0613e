/** What frameworks build, as it is: installed from npm, built, served, and used in a browser. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Child, runHayate, startHayate } from "../../support/binary.ts";
import { Browser } from "../../support/browser.ts";
import { installPackages } from "../../support/npm_packages.ts";
import { findPeer, testThatNeeds } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

const buildLimitMs = 240_000;

interface Framework {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  /** Arguments of `deno run -A`; null: nothing is built. */
  readonly build: readonly string[] | null;
  /** Operand and what follows it. */
  readonly serve: readonly string[];
}

const frameworks: readonly Framework[] = [
  {
    name: "SvelteKit",
    dependencies: {
      "@sveltejs/adapter-node": "5.5.3",
      "@sveltejs/kit": "2.53.0",
      "@sveltejs/vite-plugin-svelte": "6.2.4",
      "svelte": "5.53.0",
      "vite": "7.3.1",
    },
    files: {
      "svelte.config.js": `import adapter from "@sveltejs/adapter-node";
export default { kit: { adapter: adapter() } };`,
      "vite.config.js": `import { sveltekit } from "@sveltejs/kit/vite";
export default { plugins: [sveltekit()] };`,
      "src/app.html": `<!doctype html><html><head>%sveltekit.head%</head>
<body><div>%sveltekit.body%</div></body></html>`,
      "src/routes/+page.server.js":
        `export const load = ({ url }) => ({ title: "hello " + url.searchParams.get("name") });`,
      "src/routes/+page.svelte": `<script>let { data } = $props(); let count = $state(0);</script>
<svelte:head><title>{data.title}</title></svelte:head>
<button onclick={() => count++}>clicks: {count}</button>
<style>button { color: rgb(1, 2, 3); }</style>`,
    },
    build: ["npm:vite", "build"],
    serve: ["build/index.js"],
  },
  {
    name: "Astro",
    dependencies: {
      "@astrojs/node": "9.5.5",
      "@astrojs/preact": "4.1.3",
      "astro": "5.18.2",
      "preact": "10.28.3",
      "vite": "6.4.1",
    },
    files: {
      "astro.config.mjs": `import node from "@astrojs/node";
import preact from "@astrojs/preact";
import { defineConfig } from "astro/config";
export default defineConfig({
  adapter: node({ mode: "standalone" }), integrations: [preact()], output: "server" });`,
      "src/components/Counter.jsx": `import { useState } from "preact/hooks";
export default function Counter() {
  const [count, setCount] = useState(0);
  return <button onClick={() => setCount(count + 1)}>clicks: {count}</button>;
}`,
      "src/pages/index.astro": `---
import Counter from "../components/Counter.jsx";
const name = Astro.url.searchParams.get("name");
---
<html><head><title>hello {name}</title></head><body><Counter client:load /></body></html>`,
    },
    build: ["node_modules/astro/astro.js", "build"],
    serve: ["dist/server/entry.mjs"],
  },
  {
    name: "React Router",
    dependencies: {
      "@react-router/dev": "7.13.0",
      "@react-router/node": "7.13.0",
      "@react-router/serve": "7.13.0",
      "isbot": "5.1.34",
      "react": "19.2.4",
      "react-dom": "19.2.4",
      "react-router": "7.13.0",
      "vite": "7.3.1",
    },
    files: {
      "vite.config.ts": `import { reactRouter } from "@react-router/dev/vite";
export default { plugins: [reactRouter()] };`,
      "app/routes.ts": `import { index } from "@react-router/dev/routes";
export default [index("home.tsx")];`,
      "app/root.tsx": `import { Links, Meta, Outlet, Scripts } from "react-router";
export default () =>
  <html><head><Meta /><Links /></head><body><Outlet /><Scripts /></body></html>;`,
      "app/home.tsx": `import { useState } from "react";
export const loader = ({ request }) => ({ name: new URL(request.url).searchParams.get("name") });
export const meta = ({ loaderData }) => [{ title: "hello " + loaderData.name }];
export default function Home() {
  const [count, setCount] = useState(0);
  return <button onClick={() => setCount(count + 1)}>clicks: {count}</button>;
}`,
    },
    build: ["npm:@react-router/dev/react-router", "build"],
    serve: ["node_modules/@react-router/serve/bin.js", "--", "build/server/index.js"],
  },
  {
    name: "Hono's Node adapter",
    dependencies: { "@hono/node-server": "1.19.9", "hono": "4.11.7" },
    files: {
      "server.js": `import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { html } from "hono/html";
const app = new Hono();
app.use("/assets/*", serveStatic({ root: "./public" }));
app.get("/", (c) => c.html(html\`<!doctype html><title>hello \${c.req.query("name")}</title>
<button>clicks: 0</button><script type="module" src="/assets/click.js"></script>\`));
serve({ fetch: app.fetch, port: Number(process.env.PORT) });`,
      "public/assets/click.js": `let count = 0;
const button = document.querySelector("button");
button.onclick = () => button.textContent = "clicks: " + ++count;`,
    },
    build: null,
    serve: ["server.js"],
  },
];

/** Runs Deno in `folder`; null: not done in time. */
async function runDeno(
  folder: TempFolder,
  args: readonly string[],
  limitMs: number,
): Promise<{ readonly code: number; readonly output: string } | null> {
  const env = { ASTRO_TELEMETRY_DISABLED: "1" };
  const child = new Child(Deno.execPath(), args, { cwd: folder.path, env });
  const timer = setTimeout(() => void child.killTree(), limitMs);
  const { code, signal, stdout, stderr } = await child.result();
  clearTimeout(timer);
  return signal === null ? { code, output: stdout + stderr } : null;
}

/** The project with its packages, or null when the registry cannot be reached in time. */
async function install({ dependencies, files }: Framework): Promise<TempFolder | null> {
  const folder = await tempFolder();
  const project = { type: "module", private: true, dependencies };
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  if (await installPackages(folder.path, project)) return folder;
  await folder[Symbol.asyncDispose]();
  return null;
}

/** A click has an effect, so the page's code runs on what the server has rendered. */
async function useInBrowser(url: string): Promise<void> {
  const html = await (await fetch(url)).text();
  assertMatch(html, /<title>hello you<\/title>/);
  assertMatch(html, /<button[^>]*>clicks: (<!--.*?-->)?0/);
  await using browser = await Browser.open();
  await browser.show(url, { width: 800, height: 600, scheme: "light" });
  const button = `document.querySelector("button")`;
  await browser.waitFor(`(${button}.click(), /clicks: [1-9]/.test(${button}.textContent))`);
  assertEquals(browser.complaints.filter((line) => !line.includes("favicon")), []);
  const assets = await browser.value<string[]>(
    `[...new Set(performance.getEntriesByType("resource").map(({ name }) => name)
      .filter((name) => /\\.(js|css)$/.test(name)))]`,
  );
  assert(assets.length > 0);
  for (const asset of assets) {
    const { status, headers, body } = await fetch(asset);
    await body?.cancel();
    const expected = asset.endsWith(".js") ? /^(text|application)\/javascript/ : /^text\/css/;
    assertEquals(status, 200, asset);
    assertMatch(headers.get("content-type") ?? "", expected, asset);
  }
}

for (const framework of frameworks) {
  const { name, build, serve } = framework;
  const hasBrowser = findPeer("chromium") !== null;
  const installed = hasBrowser ? await install(framework) : null;
  const missing = !hasBrowser ? ["chromium"] : installed === null ? ["npm's registry"] : [];
  testThatNeeds(missing, `${name} is served as it is built`, async () => {
    await using folder = installed!;
    if (build !== null) {
      const built = await runDeno(folder, ["run", "-A", ...build], buildLimitMs);
      assertEquals(built?.code, 0, built?.output ?? "not built in time");
    }
    const port = freePort();
    const args = ["serve", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
    await using child = startHayate([...args, ...serve], {
      cwd: folder.path,
      waitTimeoutMs: 30_000,
    });
    // The line of hayate: a server of the app says that it listens before the socket is bound.
    await child.waitForLine(/\[info\] listening on /);
    await useInBrowser(`http://127.0.0.1:${port}/?name=you`);
    const [, , file] = serve;
    if (file === undefined) return;
    const { code, stderr } = await runHayate(["serve", "--port", "0", `${folder.path}/${file}`]);
    assertEquals(code, 78);
    assertMatch(stderr, /index\.js: is a build of React Router, which its own server runs: hayate/);
  });
}
