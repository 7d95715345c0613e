/** The master of hayate serve: workers replaced in every way, without losing a request. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { childPids, runHayate, sleep, startHayate } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { appWith, type Served, startServe } from "../../support/serve.ts";

const pidApp = appWith(`() => new Response(String(Deno.pid))`);

/** The pid that answers on a connection of its own. */
async function servingPid(port: number): Promise<string> {
  const answer = await rawExchange(
    tcp(port),
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    { idleMs: 5000 },
  );
  assertMatch(answer, /^HTTP\/1\.1 200 /);
  return answer.split("\r\n\r\n")[1];
}

/** Waits until exactly `count` workers live, none of them among `gone`. */
async function waitForWorkers(
  served: Served,
  count: number,
  gone: readonly number[] = [],
): Promise<number[]> {
  return await served.child.waitUntil(`${count} workers`, () => {
    const pids = childPids(served.child.pid);
    return pids.length === count && !pids.some((pid) => gone.includes(pid)) ? pids : null;
  });
}

/** Asks again and again until stopped; gives the count of answers and what went wrong. */
function keepAsking(port: number) {
  const failures: string[] = [];
  let count = 0;
  let isOn = true;
  const done = (async () => {
    while (isOn) {
      try {
        await servingPid(port);
        count++;
      } catch (error) {
        failures.push(String(error));
      }
    }
  })();
  return {
    async stop() {
      isOn = false;
      await done;
      assertEquals(failures, []);
      assert(count > 0);
    },
  };
}

Deno.test("a master keeps the configured number of workers and stops them on TERM", async () => {
  await using served = await startServe({
    args: ["--workers", "3", "@app.js"],
    files: { "app.js": pidApp },
  });
  const pids = await waitForWorkers(served, 3);
  await served.child.waitForLine(/listening on .* with 3 workers/);
  const seen = new Set<string>();
  for (let i = 0; i < 200 && seen.size < 3; i++) seen.add(await servingPid(served.port));
  assertEquals([...seen].map(Number).sort(), pids.sort());
  assertEquals((await served.child.stop("SIGTERM")).code, 0);
  for (const pid of pids) assert(!childPids(1).includes(pid));
});

Deno.test("a killed worker is replaced within a second while the others serve", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: { "app.js": pidApp },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const [victim] = await waitForWorkers(served, 2);
  await sleep(1100);
  const start = performance.now();
  Deno.kill(victim, "SIGKILL");
  await waitForWorkers(served, 2, [victim]);
  assert(performance.now() - start < 1000);
  await served.child.waitForLine(`worker ${victim} died (signal KILL)`);
});

Deno.test("HUP replaces every worker, reloads the app and loses no request", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: { "app.js": appWith(`() => new Response("old")`) },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const before = await waitForWorkers(served, 2);
  const asking = keepAsking(served.port);
  await served.folder.write("app.js", appWith(`() => new Response("new")`));
  served.child.kill("SIGHUP");
  await waitForWorkers(served, 2, before);
  await asking.stop();
  assertEquals(await servingPid(served.port), "new");
});

Deno.test("HUP with an app that does not load keeps the old workers", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: { "app.js": pidApp },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const before = await waitForWorkers(served, 2);
  await served.folder.write("app.js", "export default (");
  served.child.kill("SIGHUP");
  await served.child.waitForLine("reload failed, the old workers keep serving");
  assertEquals(childPids(served.child.pid).sort(), before.sort());
  assert(before.includes(Number(await servingPid(served.port))));
});

Deno.test("TTIN and TTOU change the number of workers and lose no request", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: { "app.js": pidApp },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const asking = keepAsking(served.port);
  served.child.kill("SIGTTIN");
  await waitForWorkers(served, 3);
  for (const count of [2, 1]) {
    served.child.kill("SIGTTOU");
    await waitForWorkers(served, count);
  }
  served.child.kill("SIGTTIN");
  await waitForWorkers(served, 2);
  await sleep(300);
  await asking.stop();
});

Deno.test("--max-requests-per-child replaces a worker and loses no request", async () => {
  await using served = await startServe({
    args: ["--max-requests-per-child", "20", "--min-requests-per-child", "10", "@app.js"],
    files: { "app.js": pidApp },
  });
  const seen = new Set<string>();
  for (let i = 0; i < 400 && seen.size < 4; i++) {
    seen.add(await servingPid(served.port));
    await sleep(5);
  }
  assertEquals(seen.size >= 4, true, `only ${seen.size} workers were seen`);
  await served.child.waitForLine(/replacing worker \d+: it has served (1\d|20) requests/);
});

Deno.test("--timeout kills a worker blocked by a handler and names the request", async () => {
  await using served = await startServe({
    args: ["--timeout", "500ms", "--workers", "2", "@app.js"],
    files: {
      "app.js": appWith(`(request) => {
        if (request.url.endsWith("/block?a=1")) for (;;);
        return new Response(String(Deno.pid));
      }`),
    },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const before = await waitForWorkers(served, 2);
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send("GET /block?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  await served.child.waitForLine(
    /killing worker \d+: blocked for \d+ ms by GET \/block\?a=1 \(started/,
  );
  assert(await connection.waitForClose());
  const after = await served.child.waitUntil("a new worker", () => {
    const pids = childPids(served.child.pid);
    return pids.length === 2 && pids.some((pid) => !before.includes(pid)) ? pids : null;
  });
  assert(after.some((pid) => before.includes(pid)), "the other worker was replaced, too");
});

Deno.test("--timeout answers 504 for a slow promise and keeps the worker", async () => {
  await using served = await startServe({
    args: ["--timeout", "300ms", "@app.js"],
    files: {
      "app.js": appWith(`(request) => request.url.endsWith("/never")
        ? new Promise(() => {}) : new Response(String(Deno.pid))`),
    },
  });
  const before = await servingPid(served.port);
  const answer = await rawExchange(tcp(served.port), "GET /never HTTP/1.1\r\nHost: x\r\n\r\n", {
    idleMs: 3000,
  });
  assertMatch(answer, /^HTTP\/1\.1 504 /);
  await served.child.waitForLine("app failed on GET /never: Error: no response within 300 ms");
  assertEquals(await servingPid(served.port), before);
});

Deno.test("--max-memory replaces a worker that has grown", async () => {
  await using served = await startServe({
    args: ["--max-memory", "200M", "@app.js"],
    files: {
      "app.js": `const kept = [];
export default { fetch(request) {
  if (request.url.endsWith("/grow")) kept.push(new Uint8Array(250 << 20).fill(1));
  return new Response(String(Deno.pid));
} };`,
    },
  });
  const before = await servingPid(served.port);
  await (await fetch(`${served.url}/grow`)).text();
  await served.child.waitForLine(`replacing worker ${before}: it uses`);
  await served.child.waitUntil("another worker", async () => {
    return await servingPid(served.port) !== before ? true : null;
  });
});

Deno.test("an app that does not load ends the master with exit code 78 and one line", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("app.js", "export default 1;");
  const { code, stderr } = await runHayate(["serve", "-q", "--workers", "2", "--port", "0", path]);
  assertEquals(code, 78);
  const lines = stderr.trim().split("\n");
  assertMatch(lines[0], /app\.js: has a default export without fetch; expected export default/);
  assert(lines.every((line) => line === lines[0]), stderr);
});

Deno.test("a master does not share its port with another program unless both use --reuse-port", async () => {
  await using served = await startServe({ args: ["--workers", "2", "--text", "x"] });
  await served.child.waitForLine(/with 2 workers/);
  const args = ["serve", "-q", "--host", "127.0.0.1", "--port", String(served.port)];
  const { code, stderr } = await runHayate([...args, "--workers", "2", "--text", "y"]);
  assertEquals([code, stderr], [
    1,
    `hayate serve: 127.0.0.1:${served.port} in use: another process listens on it\n`,
  ]);
});

Deno.test("hooks of the app run in master and workers", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: {
      "app.js": `export function beforeFork(slot) { console.error("before", slot, Deno.pid); }
export function afterFork(slot) { console.error("after", slot, Deno.pid); }
${pidApp}`,
    },
  });
  const pids = await waitForWorkers(served, 2);
  await served.child.waitForLine(/listening on .* with 2 workers/);
  for (const slot of [0, 1]) {
    await served.child.waitForLine(`before ${slot} ${served.child.pid}`);
    await served.child.waitForLine(new RegExp(`after ${slot} (${pids.join("|")})`));
  }
});

Deno.test("workers exit when their master is killed", async () => {
  await using folder = await tempFolder();
  const socket = `${folder.path}/a.sock`;
  await using child = startHayate(["serve", "--workers", "2", "--path", socket, "--text", "x"]);
  await child.waitForLine(/with 2 workers/);
  const pids = childPids(child.pid);
  assertEquals(pids.length, 2);
  child.kill("SIGKILL");
  await child.status;
  for (let i = 0; i < 200 && pids.some(isAlive); i++) await sleep(25);
  assertEquals(pids.filter(isAlive), []);
});

function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/\) Z /.test(stat);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("several workers share a unix socket, whose file the master removes", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.sock`;
  const app = await folder.write("app.js", pidApp);
  await using child = startHayate(["serve", "--workers", "2", "--path", path, app]);
  await child.waitForLine(/with 2 workers/);
  const before = childPids(child.pid);
  child.kill("SIGHUP");
  await child.waitUntil("other workers", () => {
    const pids = childPids(child.pid);
    return pids.length === 2 && !pids.some((pid) => before.includes(pid)) ? true : null;
  });
  const answer = await rawExchange(unix(path), "GET / HTTP/1.0\r\n\r\n");
  assertMatch(answer, /^HTTP\/1\.1 200 /);
  assertEquals((await child.stop()).code, 0);
  assertEquals(await Deno.stat(path).catch((error) => error.name), "NotFound");
});

Deno.test("the scoreboard shows every worker, as text and as JSON", async () => {
  await using folder = await tempFolder();
  const status = `${folder.path}/s.sock`;
  await using served = await startServe({
    args: ["--workers", "2", "--status-listen", status, "@app.js"],
    files: {
      "app.js": appWith(`(request) => request.url.endsWith("/slow")
        ? new Promise(() => {}) : new Response("x")`),
    },
  });
  await served.child.waitForLine(/listening on .* with 2 workers/);
  for (let i = 0; i < 10; i++) await servingPid(served.port);
  using slow = await RawConnection.open(tcp(served.port));
  await slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  assertEquals((await Deno.stat(status)).mode! & 0o777, 0o600);
  const text = await runHayate(["serve", "status", status]);
  assertEquals(text.code, 0);
  assertMatch(text.stdout, /^hayate serve [\d.]+, master \d+, up [\d.]+s, 2 workers\n/);
  const got = await served.child.waitUntil("a busy worker", async () => {
    const { stdout } = await runHayate(["serve", "status", "--json", status]);
    const read = JSON.parse(stdout);
    return read.workers.some(({ state }: { state: string }) => state === "busy") ? read : null;
  });
  assertEquals(got.workers.length, 2);
  const requests = got.workers.reduce((sum: number, one: { requests: number }) => {
    return sum + one.requests;
  }, 0);
  assertEquals(requests, 11);
  const busy = got.workers.find(({ state }: { state: string }) => state === "busy");
  assertEquals(busy.request, "GET /slow");
  assert(busy.memoryBytes > 1e6 && busy.requestAgeMs >= 0 && busy.connections === 1);
  const missing = await runHayate(["serve", "status", `${folder.path}/none.sock`]);
  assertEquals(missing.code, 1);
  await served.child.stop("SIGQUIT");
});

for (const backend of ["epoll", "portable"] as const) {
  Deno.test(`the scoreboard on TCP reveals nothing without its token (${backend})`, async () => {
    const port = freePort();
    const address = `127.0.0.1:${port}`;
    await using folder = await tempFolder();
    const file = await folder.write("token", "s3cret\nmore\n");
    await using served = await startServe({
      args: ["--workers", "2", "--status-listen", address, "--status-token-file", file, "@app.js"],
      backend,
      files: { "app.js": pidApp },
    });
    await served.child.waitForLine(/listening on .* with 2 workers/);
    const ask = async (path: string, field: string) => {
      const head = `GET ${path} HTTP/1.1\r\nHost: s\r\n${field}Connection: close\r\n\r\n`;
      return await rawExchange(tcp(port), head, { idleMs: 10_000 });
    };
    const basic = (text: string) => `Authorization: Basic ${btoa(text)}\r\n`;
    const vectors: [path: string, field: string, status: number][] = [
      ["/status", "", 401],
      // Not even which paths there are.
      ["/other", "", 401],
      ["/status?json", "", 401],
      ["/status", "Authorization: Bearer s3cre\r\n", 401],
      ["/status", "Authorization: Bearer s3cret1\r\n", 401],
      ["/status", "Authorization: Bearer\r\n", 401],
      ["/status", "Authorization: s3cret\r\n", 401],
      ["/status", basic("s3cret:"), 401],
      ["/status", "Authorization: Basic %%%\r\n", 401],
      ["/status", "Authorization: Bearer s3cret\r\n", 200],
      ["/status", "authorization: bearer s3cret\r\n", 200],
      ["/status", basic("any:s3cret"), 200],
      ["/other", "Authorization: Bearer s3cret\r\n", 404],
    ];
    for (const [path, field, status] of vectors) {
      const answer = await ask(path, field);
      assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${path} ${field}`);
      // RFC 9110 15.5.2: a 401 names the schemes.
      if (status === 401) assertMatch(answer, /\r\nWWW-Authenticate: Bearer\r\n/);
      assertEquals(answer.includes("master"), path === "/status" && status === 200);
    }
    const none = await runHayate(["serve", "status", address]);
    assertEquals([none.code, none.stdout], [1, ""]);
    assertMatch(none.stderr, /needs a token: HAYATE_TOKEN or --token/);
    const wrong = await runHayate(["serve", "status", "--token", "x", address]);
    assertMatch(wrong.stderr, /refuses this token/);
    const right = await runHayate(["serve", "status", address], {
      env: { HAYATE_TOKEN: "s3cret" },
    });
    assertEquals(right.code, 0, right.stderr);
    assertMatch(right.stdout, /2 workers/);
  });
}

Deno.test("serve refuses a scoreboard on TCP without a valid token", async () => {
  await using folder = await tempFolder();
  const empty = await folder.write("empty", "\n");
  const listen = ["serve", "--text", "a", "--port", "0", "--status-listen", "127.0.0.1:1"];
  const vectors: [args: string[], code: number, complaint: string][] = [
    [[], 2, "--status-listen: a TCP address needs a token"],
    [["--status-token", ""], 2, "--status-token: must be one or more visible ASCII characters"],
    [["--status-token", "a b"], 2, "--status-token: must be one or more visible ASCII characters"],
    [
      ["--status-token-file", empty],
      1,
      "the first line must be one or more visible ASCII characters",
    ],
    [["--status-token-file", "/no/such"], 1, "--status-token-file /no/such: No such file"],
  ];
  for (const [args, code, complaint] of vectors) {
    const result = await runHayate([...listen, ...args]);
    assertEquals(result.code, code, result.stderr);
    assert(result.stderr.includes(complaint), result.stderr);
  }
});

Deno.test("portable workers each bind a socket of their own", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    backend: "portable",
    files: { "app.js": pidApp },
  });
  const pids = await waitForWorkers(served, 2);
  await served.child.waitForLine(/listening on .* with 2 workers/);
  const seen = new Set<string>();
  for (let i = 0; i < 200 && seen.size < 2; i++) seen.add(await servingPid(served.port));
  assertEquals([...seen].map(Number).sort(), pids.sort());
  Deno.kill(pids[0], "SIGKILL");
  const next = await waitForWorkers(served, 2, [pids[0]]);
  assert(next.includes(pids[1]));
  served.child.kill("SIGHUP");
  // The worker that has just taken the dead one's place is as fresh as can be.
  await waitForWorkers(served, 2, pids);
  await servingPid(served.port);
  assertEquals((await served.child.stop("SIGTERM")).code, 0);
});

Deno.test("portable workers report in one line what they cannot share", async () => {
  await using folder = await tempFolder();
  const env = { HAYATE_REACTOR: "portable" };
  const path = `${folder.path}/s`;
  const serve = ["serve", "--workers", "2", "--text", "a"];
  const shared = await runHayate([...serve, "--path", path], { env });
  assertEquals([shared.code, shared.stdout], [1, ""]);
  assertEquals(
    shared.stderr,
    `hayate serve: several workers of the portable reactor cannot share ${path}: ` +
      "use --workers 1, HAYATE_REACTOR=epoll, or --port alone\n",
  );
  const inherited = { ...env, SERVER_STARTER_PORT: "8080=7" };
  const handed = await runHayate(serve, { env: inherited });
  assertMatch(handed.stderr, /cannot share the sockets of SERVER_STARTER_PORT: use --workers 1/);
  assertEquals(handed.code, 1);
});
