/** hayate serve --max-heap: a worker is replaced before its heap is full, and ended when it bolts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, type Served, startServe } from "../../support/serve.ts";

/** /leak keeps 4 MB, /bolt everything there is; all answer with the pid. */
const app = appWith(`({ url }) => {
  globalThis.kept ??= [];
  const { pathname } = new URL(url);
  if (pathname === "/leak") kept.push(new Array(500_000).fill(0.5));
  while (pathname === "/bolt") kept.push(new Array(500_000).fill(0.5));
  return new Response(String(Deno.pid));
}`);

async function ask(served: Served, path: string): Promise<string> {
  const answer = await rawExchange(
    tcp(served.port),
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    { idleMs: 20_000 },
  );
  return /^HTTP\/1\.1 200 /.test(answer) ? answer.split("\r\n\r\n")[1] : "";
}

eachBackend(
  "a worker whose heap is nearly full is replaced, without a loss",
  async (backend) => {
    await using served = await startServe({
      args: ["--max-heap", "64M", "@app.js"],
      backend,
      files: { "app.js": app },
    });
    const first = await ask(served, "/");
    for (let i = 0; i < 16; i++) assertEquals(await ask(served, "/leak"), first);
    // Asked without a pause while one takes over from the other.
    const pids = new Set<string>();
    await served.child.waitUntil("another worker", async () => {
      const pid = await ask(served, "/").catch(() => "");
      // A portable worker cannot pass the queue of its socket on (hayate help serve listen).
      assert(pid !== "" || backend === "portable", "an answer each time");
      if (pid !== "") pids.add(pid);
      return pids.size > 1 ? true : null;
    });
    assertMatch(served.child.stderr, /it has \d+ MB in its heap/);
  },
);

eachBackend("a worker that takes memory without end is ended alone", async (backend) => {
  await using served = await startServe({
    args: ["--max-heap", "32M", "@app.js"],
    backend,
    files: { "app.js": app },
  });
  const first = await ask(served, "/");
  assertEquals(await ask(served, "/bolt").catch(() => ""), "");
  const second = await served.child.waitUntil("a new worker", async () => {
    const pid = await ask(served, "/").catch(() => "");
    return pid !== "" && pid !== first ? pid : null;
  });
  assert(second !== first);
  assertMatch(served.child.stderr, /died \(/);
});

Deno.test("an app that fills its heap at the start is not replaced again and again", async () => {
  await using served = await startServe({
    args: ["--max-heap", "32M", "@app.js"],
    files: { "app.js": `globalThis.kept = new Array(5_000_000).fill(0.5);\n${app}` },
  });
  const first = await ask(served, "/");
  await served.child.waitForLine(/the app has \d+ MB in its heap from the start/);
  assertEquals(await ask(served, "/"), first);
  const { code, stderr } = await runHayate(["serve", "--max-heap", "1M", "app.js"]);
  assertEquals(code, 2);
  assertMatch(stderr, /--max-heap 1M: /);
});
