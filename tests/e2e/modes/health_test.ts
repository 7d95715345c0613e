/**
 * `--health` and `--shutdown-delay` of every mode that serves: /readyz says when to send requests,
 * and TERM lets clients go before the stop.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Child, runHayate, sleep, startListening } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";

type Args = (folder: TempFolder, port: number) => Promise<readonly string[]>;

interface Way {
  readonly args: Args;
  /** The flags of the health listener and the delay come before the arguments of the inner mode. */
  readonly isSupervised: boolean;
}

const serve = (workers: number): Args => (_folder, port) =>
  Promise.resolve([
    ...["serve", "--workers", String(workers)],
    ...["--host", "127.0.0.1", "--port", String(port), "--text", "hi"],
  ]);

const proxy = (workers: number): Args => async (folder, port) => {
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1}
num-threads: ${workers}
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
  return ["proxy", "-c", file];
};

const ways: Record<string, Way> = {
  "serve --workers 1": { args: serve(1), isSupervised: false },
  "serve --workers 2": { args: serve(2), isSupervised: false },
  "proxy": { args: proxy(1), isSupervised: false },
  "proxy with two workers": { args: proxy(2), isSupervised: false },
  "supervise serve": { args: serve(1), isSupervised: true },
  "supervise serve --workers 2": { args: serve(2), isSupervised: true },
  "supervise proxy": { args: proxy(1), isSupervised: true },
  "supervise proxy with two workers": { args: proxy(2), isSupervised: true },
};

/** Long enough that only a signal can end it within a test. */
const endless = "600";

for (const [name, way] of Object.entries(ways)) {
  Deno.test(`${name}: after TERM it accepts for the delay, with readiness 503`, async () => {
    await using served = await start(way, endless);
    const { child, port, health } = served;
    assertEquals(await ask(health, "/livez"), [200, "ok\n"]);
    assertEquals(await ask(health, "/readyz"), [200, "ok\n"]);
    assert(!/Connection: close/i.test(await get(port)), "connections are kept before the signal");
    child.kill("SIGTERM");
    await child.waitForLine(/received TERM, accepting for 600 s/);
    assertEquals(await ask(health, "/readyz"), [503, "about to stop\n"]);
    assertEquals(await ask(health, "/livez"), [200, "ok\n"]);
    await until("responses that end their connections", async () => {
      return /Connection: close/i.test(await get(port));
    });
    child.kill("SIGTERM");
    const { code, stderr } = await child.result();
    assertEquals(code, 0, stderr);
  });

  Deno.test(`${name}: the delay ends by itself, and INT has none`, async () => {
    {
      await using served = await start(way, "200ms");
      served.child.kill("SIGTERM");
      assertEquals((await served.child.result()).code, 0);
    }
    await using served = await start(way, endless);
    served.child.kill("SIGINT");
    const { code, stderr } = await served.child.result();
    assertEquals(code, 0, stderr);
    assert(!/accepting for/.test(stderr), stderr);
  });
}

Deno.test("supervise: another program gets TERM after the delay", async () => {
  await using folder = await tempFolder();
  const health = freePort();
  const script = `trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
  const child = await startListening(
    [
      "supervise",
      "--health",
      String(health),
      "--shutdown-delay",
      endless,
      "--",
      "sh",
      "-c",
      script,
    ],
    tcp(health),
    { cwd: folder.path },
  );
  try {
    await until("a generation that serves", async () => (await ask(health, "/readyz"))[0] === 200);
    child.kill("SIGTERM");
    await child.waitForLine(/received TERM, accepting/);
    await sleep(300);
    assert(!/told/.test(child.stdout), "the program is signalled only after the delay");
    child.kill("SIGTERM");
    const { code, stdout } = await child.result();
    assertEquals(code, 0);
    assertMatch(stdout, /told/);
  } finally {
    await child.stop();
  }
});

Deno.test("supervise: /readyz is 503 until a generation serves", async () => {
  const health = freePort();
  const args = ["supervise", "--health", String(health), "--ready-notify", "--", "sleep", "600"];
  const child = await startListening(args, tcp(health));
  try {
    assertEquals(await ask(health, "/readyz"), [503, "starting\n"]);
    assertEquals(await ask(health, "/livez"), [200, "ok\n"]);
  } finally {
    await child.stop();
  }
});

Deno.test("a unix path answers, and the file is gone at the end", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/health.sock`;
  const port = freePort();
  const args = ["serve", "--host", "127.0.0.1", "--port", String(port), "--text", "hi"];
  const child = await startListening([...args, "--health", path], tcp(port));
  try {
    await child.waitForLine(/listening on /);
    const answer = await rawExchange(unix(path), "GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
    assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n/);
    const { code, stdout } = await runHayate(["health", path]);
    assertEquals([code, stdout], [0, `healthy: ok (${path})\n`]);
    child.kill("SIGTERM");
    assertEquals((await child.result()).code, 0);
    const gone = await Deno.lstat(path).then(() => false, () => true);
    assert(gone, "the socket file is removed");
  } finally {
    await child.stop();
  }
});

Deno.test("hayate health: the exit code and one line", async () => {
  await using served = await start(ways["supervise proxy"], endless);
  const { child, health } = served;
  const address = `127.0.0.1:${health}`;
  const check = async (env: Record<string, string>, ...args: string[]) => {
    const { code, stdout } = await runHayate(["health", ...args], { env });
    return [code, stdout];
  };
  assertEquals(await check({}, address), [0, `healthy: ok (${address})\n`]);
  assertEquals(await check({ HAYATE_HEALTH: address }), [0, `healthy: ok (${address})\n`]);
  child.kill("SIGTERM");
  await child.waitForLine(/accepting for/);
  assertEquals(await check({}, address), [1, `unhealthy: about to stop (${address})\n`]);
  const free = freePort();
  assertEquals(await check({}, String(free)), [1, `unhealthy: no answer at 0.0.0.0:${free}\n`]);
  const wrong = await runHayate(["health", "nowhere"]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /nowhere: not a port, HOST:PORT with an IP address/);
  const alone = await runHayate(["health"], { env: { HAYATE_HEALTH: "" } });
  assertEquals(alone.code, 1);
  assertMatch(alone.stdout, /^unhealthy: no supervisor of this container answers/);
});

Deno.test("/readyz?upstream=NAME needs a server of that upstream that is up", async () => {
  await using folder = await tempFolder();
  const [port, health, control, dead] = [freePort(), freePort(), freePort(), freePort()];
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1}
control: {listen: "127.0.0.1:${control}", token: secret}
upstreams:
  dead:
    servers: ["127.0.0.1:${dead}"]
    check: "interval=50 fall=1 type=tcp"
hosts: {default: {paths: {/: {proxy.reverse.url: "http://dead/"}}}}
`,
  );
  const args = ["proxy", "-c", file, "--health", `127.0.0.1:${health}`];
  const child = await startListening(args, tcp(port), {});
  try {
    for (const place of [health, control]) {
      await child.waitForSocket(tcp(place));
      // The port is bound before the first check has ended.
      await until("readiness", async () => (await ask(place, "/readyz"))[0] === 200);
      await until("the check's result", async () => {
        return (await ask(place, "/readyz?upstream=dead"))[0] === 503;
      });
      assertEquals(await ask(place, "/readyz?upstream=dead"), [503, "no server of dead is up\n"]);
      assertEquals(await ask(place, "/readyz?upstream=x"), [503, 'there is no upstream "x"\n']);
    }
  } finally {
    await child.stop();
  }
});

interface Served extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  readonly health: number;
}

async function start({ args, isSupervised }: Way, delay: string): Promise<Served> {
  const folder = await tempFolder();
  const [port, health] = [freePort(), freePort()];
  const own = ["--health", `127.0.0.1:${health}`, "--shutdown-delay", delay];
  const inner = await args(folder, port);
  const argv = isSupervised
    ? ["supervise", "--port", `127.0.0.1:${port}`, ...own, "--", ...inner]
    : [...inner, ...own];
  const child = await startListening(argv, tcp(health));
  const served: Served = {
    child,
    port,
    health,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
  await until("readiness", async () => (await ask(health, "/readyz"))[0] === 200);
  return served;
}

async function ask(port: number, path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

async function get(port: number): Promise<string> {
  return await rawExchange(tcp(port), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await check()) return;
    await sleep(50);
  }
  throw new Error(`no ${what} within 30 s`);
}
