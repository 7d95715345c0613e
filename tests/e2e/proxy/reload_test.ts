/** HUP to a proxy without a supervisor: the next configuration, or the reason why the running one stays. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { childPids, sleep, startHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const inForce = "the new configuration is in force";

/** Writes another configuration and waits for the outcome. */
async function reload(proxy: TestProxy, config: string, line = inForce): Promise<void> {
  const port = proxy.address.kind === "tcp" ? proxy.address.port : 0;
  const text = config.replaceAll("PORT", `${port}`).replaceAll("DIR", proxy.folder.path);
  await proxy.folder.write("h2o.conf", text);
  const before = count(proxy.child.stderr, line);
  proxy.child.kill("SIGHUP");
  await proxy.child.waitUntil(line, () => count(proxy.child.stderr, line) > before || null);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function config(workers: number, body: string, top = ""): string {
  return `listen: {port: PORT, host: 127.0.0.1}
num-threads: ${workers}
${top}
hosts: {default: {paths: {/: ${body}}}}
`;
}

const before = (port: number) => `{proxy.reverse.url: "http://127.0.0.1:${port}/"}`;

/** The response on a new connection to the port. */
async function ask(port: number): Promise<string> {
  return parts(await rawExchange(tcp(port), get, { idleMs: 3000 })).body;
}

for (const workers of [1, 2]) {
  const mode = `(num-threads ${workers})`;

  Deno.test(`HUP: requests in progress finish on the old plan, new ones use the new plan ${mode}`, async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => release = resolve);
    await using old = ScriptedUpstream.start(async (peer) => {
      while (await peer.readHead() !== null) {
        await released;
        await peer.send(response("old"));
      }
    });
    // The upstream must be able to exit after any failure.
    using _end = { [Symbol.dispose]: () => release() };
    await using fresh = ScriptedUpstream.start(always(response("new")));
    const [second, third] = [freePort(), freePort()];
    const also = (port: number) => `listen: {port: ${port}, host: 127.0.0.1}`;
    await using proxy = await TestProxy.start(config(workers, before(old.port), also(second)));
    using busy = await proxy.connect();
    await busy.send(get);
    await proxy.child.waitUntil("the request", () => old.heads.length === 1 || null);
    await reload(proxy, config(workers, before(fresh.port), also(third)));
    const answer = parts(await proxy.get("/")).body;
    assertEquals([answer, await ask(third)], ["new", "new"]);
    assertEquals(
      await RawConnection.open(tcp(second)).then(() => "open", () => "closed"),
      "closed",
    );
    release();
    assertMatch(await busy.readUntil("old"), /^HTTP\/1.1 200 OK\r\n/);
    assertEquals(count(proxy.child.stderr, "listening on"), 3, proxy.child.stderr);
  });

  Deno.test(`HUP with a broken configuration keeps the running one and logs why ${mode}`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("a")));
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const good = config(workers, before(upstream.port));
    await using proxy = await TestProxy.start(good);
    const pids = childPids(proxy.child.pid);
    const stays = "the configuration is not used, the running one stays";
    const broken: readonly (readonly [string, string])[] = [
      [`${good}nonsense: 1\n`, "h2o.conf:5] unknown directive: nonsense"],
      [
        good.replace("reverse.url", "reverse.uri"),
        "h2o.conf:4] unknown directive: proxy.reverse.uri",
      ],
      [`listen: {port: ${port}, host: 127.0.0.1}\n${good}`, `127.0.0.1:${port} in use`],
      [
        `listen: {port: ${freePort()}, ssl: {certificate-file: DIR/no.crt, key-file: DIR/no.key}}\n${good}`,
        "no.crt",
      ],
      [good.replace("hosts:", "access-log: /nonexistent/log\nhosts:"), "/nonexistent/log"],
    ];
    for (const [text, why] of broken) {
      await reload(proxy, text, stays);
      assertStringIncludes(proxy.child.stderr, why);
      assertEquals(parts(await proxy.get("/")).body, "a");
    }
    await Deno.remove(`${proxy.folder.path}/h2o.conf`);
    proxy.child.kill("SIGHUP");
    await proxy.child.waitForLine("h2o.conf: no such file");
    await reload(proxy, good);
    assertEquals(parts(await proxy.get("/")).body, "a");
    await proxy.child.waitUntil("new workers alone", () => {
      return pids.some((pid) => childPids(proxy.child.pid).includes(pid)) ? null : true;
    });
  });

  Deno.test(`A tunnel survives HUP until it ends ${mode}`, async () => {
    await using upstream = ScriptedUpstream.start(async (peer) => {
      if (await peer.readHead() === null) return;
      await peer.send("HTTP/1.1 101 Over\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
      while (!peer.raw.isClosedByPeer) await peer.send(await peer.raw.readUntil(";"));
    });
    const text = config(workers, before(upstream.port).replace("}", ", proxy.tunnel: ON}"));
    await using proxy = await TestProxy.start(text);
    using client = await proxy.connect();
    await client.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await client.readUntil("\r\n\r\n");
    for (const word of ["one;", "two;"]) {
      await client.send(word);
      assertEquals(await client.readUntil(";"), word);
      await reload(proxy, text);
    }
    await client.send("three;");
    assertEquals(await client.readUntil(";"), "three;");
  });

  Deno.test(`Health, operators' changes and counters survive HUP without a state file ${mode}`, async () => {
    let isLive = false;
    await using a = ScriptedUpstream.start(always(response("a")));
    await using b = ScriptedUpstream.start(always(response("b")));
    await using checked = ScriptedUpstream.start(async (peer) => {
      if (await peer.readHead() === null) return;
      await peer.send(response("c", "", isLive ? "200 OK" : "500 Oops"));
    });
    const text = config(
      workers,
      "{proxy.reverse.url: http://app/}",
      `control: {listen: DIR/c.sock, write: ON}
upstreams:
  app: {servers: ["127.0.0.1:${a.port}", "127.0.0.1:${b.port}"]}
  checked:
    servers: "127.0.0.1:${checked.port}"
    check: interval=100 rise=2 fall=2 timeout=500 type=http default_down=false`,
    );
    await using proxy = await TestProxy.start(text);
    const api = async (method: string, path: string, body = "") => {
      const answer = await proxy.control(method, `/api/9/http/upstreams/${path}`, body);
      return JSON.parse(parts(answer).body);
    };
    const stateOf = async (name: string, index = 0) => (await api("GET", name)).peers[index].state;
    await proxy.child.waitForLine("disable check peer");
    await api("PATCH", "app/servers/0", '{"down":true}');
    for (let i = 0; i < 6; i++) assertEquals(parts(await proxy.get("/")).body, "b");
    await proxy.child.waitUntil("the counters", async () => {
      return (await api("GET", "app")).peers[1].requests === 6 || null;
    });
    for (let round = 0; round < 3; round++) {
      // The second time another line of the file has changed, which must not matter.
      await reload(proxy, round === 1 ? text.replace("hosts:", "expires: OFF\nhosts:") : text);
      assertEquals(await stateOf("app"), "down");
      assertEquals(await stateOf("checked"), "unhealthy");
      assertEquals((await api("GET", "app")).peers[1].requests, 6);
    }
    for (let i = 0; i < 4; i++) assertEquals(parts(await proxy.get("/")).body, "b");
    assertEquals(count(proxy.child.stderr, "disable check peer"), 1);
    isLive = true;
    await proxy.child.waitForLine("enable check peer");
    await reload(proxy, text);
    assertEquals(await stateOf("checked"), "up");
    await api("PATCH", "app/servers/0", '{"down":false}');
    const seen = new Set<string>();
    for (let i = 0; i < 12; i++) seen.add(parts(await proxy.get("/")).body);
    assertEquals([...seen].sort(), ["a", "b"]);
    // A peer missing in the next configuration is removed, unless an operator changed the servers.
    await reload(proxy, text.replace(/checked:\n.*\n.*/, ""));
    assertEquals((await api("GET", "checked")).error.code, "UpstreamNotFound");
  });

  Deno.test(`HUP rereads certificates ${mode}`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("a")));
    const port = freePort();
    const text = config(
      workers,
      before(upstream.port),
      `listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: DIR/c.crt, key-file: DIR/c.key}}`,
    );
    const folder = await Deno.makeTempDir({ prefix: "hyt-" });
    const write = async (path: string) => {
      writeSelfSigned(["localhost"], `${path}/c.crt`, `${path}/c.key`);
      return await Deno.readTextFile(`${path}/c.crt`);
    };
    const firstText = text.replaceAll("DIR", folder);
    try {
      const first = await write(folder);
      await using proxy = await TestProxy.start(firstText);
      assertEquals(await trusts(port, first), true);
      for (const name of ["c.crt", "c.key"]) await Deno.remove(`${folder}/${name}`);
      const second = await write(folder);
      await reload(proxy, firstText);
      assertEquals([await trusts(port, first), await trusts(port, second)], [false, true]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`HUP during start-up waits for its end ${mode}`, async () => {
    await using folder = await tempFolder();
    const probe = `touch ${folder.path}/asked; until [ -e ${folder.path}/go ]; do sleep 0.05; done`;
    const text = config(
      workers,
      "{proxy.reverse.url: http://app/}",
      `upstreams: {app: {servers: "127.0.0.1:1", check: type=exec timeout=60000, check_exec: "${probe}"}}`,
    );
    const file = await folder.write("h2o.conf", text.replace("PORT", `${freePort()}`));
    const child = startHayate(["proxy", "-c", file]);
    try {
      await child.waitUntil("the probe", () => exists(`${folder.path}/asked`) || null);
      child.kill("SIGUSR1");
      child.kill("SIGHUP");
      await folder.write("go", "");
      await child.waitForLine(inForce);
    } finally {
      await child.stop();
    }
  });

  Deno.test(`Many reloads leak nothing ${mode}`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("a")));
    const text = config(
      workers,
      "{proxy.reverse.url: http://app/}",
      `access-log: DIR/access.log
control: DIR/c.sock
upstreams: {app: {servers: "127.0.0.1:${upstream.port}", check: interval=1000 type=tcp}}`,
    );
    await using proxy = await TestProxy.start(text);
    const descriptors = () => [...Deno.readDirSync(`/proc/${proxy.child.pid}/fd`)].length;
    await reload(proxy, text);
    await proxy.get("/");
    await oldWorkersEnd(proxy, workers);
    // Idle connections of the previous generation get a second of grace.
    await sleep(1500);
    const at = descriptors();
    for (let i = 0; i < 15; i++) {
      await reload(proxy, text);
      assertEquals(parts(await proxy.get("/")).body, "a");
    }
    await oldWorkersEnd(proxy, workers);
    await proxy.child.waitUntil(`no more than ${at} descriptors and some`, () => {
      return descriptors() <= at + 3 || null;
    });
    await proxy.child.waitUntil("a line in the access log for each request", async () => {
      const text = await Deno.readTextFile(`${proxy.folder.path}/access.log`);
      return text.split("\n").length > 15 || null;
    });
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function oldWorkersEnd(proxy: TestProxy, workers: number): Promise<void> {
  await proxy.child.waitUntil("old workers to end", () => {
    return workers === 1 || childPids(proxy.child.pid).length === workers || null;
  });
}

/** Whether a client that trusts only this certificate accepts the server. */
async function trusts(port: number, certificate: string): Promise<boolean> {
  using connection = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [certificate],
  });
  try {
    await connection.handshake();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return false;
    throw error;
  }
}

Deno.test("A worker that dies while the file is broken restarts with the running plan", async () => {
  await using upstream = ScriptedUpstream.start(always(response("a")));
  await using proxy = await TestProxy.start(config(2, before(upstream.port)));
  await proxy.folder.write("h2o.conf", "nonsense: 1\n");
  const [first] = childPids(proxy.child.pid);
  Deno.kill(first, "SIGKILL");
  await proxy.child.waitUntil("another worker", () => {
    const pids = childPids(proxy.child.pid);
    return (pids.length === 2 && !pids.includes(first)) || null;
  });
  for (let i = 0; i < 10; i++) assertEquals(parts(await proxy.get("/")).body, "a");
  assertEquals(proxy.child.stderr.includes("nonsense"), false);
});

Deno.test("HUP changes the number of workers and reports what needs a restart", async () => {
  await using upstream = ScriptedUpstream.start(always(response("a")));
  await using proxy = await TestProxy.start(config(2, before(upstream.port)));
  await reload(proxy, config(3, before(upstream.port)));
  await proxy.child.waitUntil("3 workers", () => childPids(proxy.child.pid).length === 3 || null);
  assertEquals(parts(await proxy.get("/")).body, "a");
  await using single = await TestProxy.start(config(1, before(upstream.port)));
  await reload(
    single,
    config(2, before(upstream.port)),
    "num-threads: changing from one process to several",
  );
  assertEquals(parts(await single.get("/")).body, "a");
});

Deno.test("HUP to the proxy itself, under a supervisor, reloads it on the supervisor's sockets", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using folder = await tempFolder();
  const port = freePort();
  const text = (upstream: number) =>
    config(1, before(upstream)).replaceAll("PORT", `${port}`).replace("num-threads: 1\n", "");
  const file = await folder.write("h2o.conf", text(a.port));
  await using supervisor = await startListening(
    ["supervise", "--port", `127.0.0.1:${port}`, "--", "proxy", "-c", file],
    tcp(port),
  );
  assertEquals(await ask(port), "a");
  const [pid] = childPids(supervisor.pid);
  await folder.write("h2o.conf", text(b.port));
  Deno.kill(pid, "SIGHUP");
  await supervisor.waitForLine(inForce);
  assertEquals(await ask(port), "b");
  assertEquals(childPids(supervisor.pid), [pid]);
  supervisor.kill("SIGHUP");
  await supervisor.waitForLine(/old worker \d+ died, status:0/);
  assertEquals(await ask(port), "b");
});

Deno.test("HUP reloads on the portable reactor", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  const listen = "listen: {port: DIR/p.sock, type: unix}\ncontrol: DIR/c.sock";
  await using proxy = await TestProxy.start(config(1, before(a.port), listen), {
    env: { HAYATE_REACTOR: "portable" },
  });
  for (const upstream of [b, a, b]) {
    const body = upstream === a ? "a" : "b";
    await reload(proxy, config(1, before(upstream.port), listen));
    assertEquals(parts(await proxy.get("/")).body, body);
    const onUnix = await rawExchange(unix(`${proxy.folder.path}/p.sock`), get, { idleMs: 3000 });
    assertEquals(parts(onUnix).body, body);
    assertEquals(parts(await proxy.control("GET", "/metrics")).status, 200);
  }
});
