/** num-threads: several workers that share one view of the peers. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { childPids, sleep, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

function config(servers: readonly number[], more = ""): string {
  return `listen: {port: PORT, host: 127.0.0.1}
listen: {port: DIR/p.sock, type: unix}
num-threads: 3
control: {listen: DIR/c.sock, write: ON}
upstreams:
  app:
    servers: [${servers.map((port) => `"127.0.0.1:${port}"`).join(", ")}]
    ${more}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: http://app/}
      /status: {check_status: json}
`;
}

async function api(proxy: TestProxy, method: string, path: string, body: unknown): Promise<any> {
  const text = body === null ? "" : JSON.stringify(body);
  const answer = await proxy.control(method, `/api/9/http/upstreams/app${path}`, text);
  return JSON.parse(parts(answer).body);
}

/** The bodies of many requests on separate connections, so that every worker gets some. */
async function bodies(proxy: TestProxy): Promise<string> {
  const seen = new Set<string>();
  for (let i = 0; i < 24; i++) seen.add(parts(await proxy.get("/")).body);
  return [...seen].sort().join();
}

Deno.test("num-threads starts workers, also on unix sockets, and replaces a dead one", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using proxy = await TestProxy.start(config([a.port]));
  assertEquals(await bodies(proxy), "a");
  const onUnix = await rawExchange(
    unix(`${proxy.folder.path}/p.sock`),
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    { idleMs: 2000 },
  );
  assertEquals(parts(onUnix).body, "a");
  const before = childPids(proxy.child.pid);
  assertEquals(before.length, 3);
  Deno.kill(before[0], "SIGKILL");
  await proxy.child.waitUntil("another worker", () => {
    const now = childPids(proxy.child.pid);
    return (now.length === 3 && !now.includes(before[0])) || null;
  });
  assertEquals(await bodies(proxy), "a");
  await proxy.child.stop();
  assertEquals([...Deno.readDirSync(proxy.folder.path)].map((entry) => entry.name), ["h2o.conf"]);
});

Deno.test("An API call returns after its change has reached every worker", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await TestProxy.start(config([a.port, b.port]));
  assertEquals(await bodies(proxy), "a,b");
  for (let round = 0; round < 3; round++) {
    await api(proxy, "PATCH", "/servers/0", { down: true });
    assertEquals(await bodies(proxy), "b");
    await api(proxy, "PATCH", "/servers/0", { down: false });
    assertEquals(await bodies(proxy), "a,b");
  }
  await api(proxy, "DELETE", "/servers/1", null);
  assertEquals(await bodies(proxy), "a");
  await api(proxy, "POST", "/servers", { server: `127.0.0.1:${b.port}` });
  assertEquals(await bodies(proxy), "a,b");
});

Deno.test("Checks run once for all workers, and counters are summed", async () => {
  let probes = 0;
  let isLive = true;
  await using a = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      if (head.startsWith("GET / HTTP/1.0")) {
        probes++;
        await peer.send(response("", "", isLive ? "200 OK" : "500 Oops"));
        return;
      }
      await peer.send(response("a"));
    }
  });
  await using proxy = await TestProxy.start(
    config([a.port], "check: interval=200 rise=1 fall=1 timeout=500 type=http"),
  );
  assertEquals(await bodies(proxy), "a");
  const started = performance.now();
  const before = probes;
  await sleep(1000);
  const most = Math.ceil((performance.now() - started) / 200) + 1;
  assert(probes - before <= most, `${probes - before} probes, at most ${most} expected`);
  const state = await proxy.child.waitUntil("the sum of all workers' requests", async () => {
    const [peer] = (await api(proxy, "GET", "", null)).peers;
    return peer.requests === 24 ? peer.state : null;
  });
  assertEquals(state, "up");
  isLive = false;
  await proxy.child.waitForLine("disable check peer");
  await proxy.child.waitUntil("every worker to know", async () => {
    for (let i = 0; i < 12; i++) if (parts(await proxy.get("/")).status !== 502) return null;
    return true;
  });
  const rows = JSON.parse(parts(await proxy.get("/status")).body);
  assertEquals([rows.servers.down, rows.servers.server[0].status], [1, "down"]);
});

Deno.test("Workers write to the error-log, before and after USR1 and HUP", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const log = `${folder.path}/error.log`;
  const text = config([1]).replace("PORT", `${port}`).replaceAll("DIR", folder.path)
    .replace("hosts:", `error-log: ${log}\nhosts:`);
  const file = await folder.write("h2o.conf", text);
  await using proxy = await startListening(["proxy", "-c", file], tcp(port));
  /** Waits until the log contains the words. */
  const logged = (words: string) =>
    proxy.waitUntil(words, async () => {
      const written = await Deno.readTextFile(log).catch(() => "");
      return written.includes(words) || null;
    });
  const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  const failOnce = async () => {
    assertEquals(parts(await rawExchange(tcp(port), get, { idleMs: 3000 })).status, 502);
    await logged("upstream 127.0.0.1:1: ");
  };
  await logged("3 workers: ");
  await failOnce();
  await Deno.rename(log, `${log}.1`);
  proxy.kill("SIGUSR1");
  proxy.kill("SIGHUP");
  await logged("in force");
  await failOnce();
  assertEquals((await proxy.stop()).stderr.includes("upstream 127.0.0.1:1: "), false);
});

Deno.test("Workers adopt the supervisor's sockets, and TERM stops all of them", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using folder = await tempFolder();
  const port = freePort();
  const text =
    `listen: ${port}\nnum-threads: 2\nhosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${a.port}/"}}}}\n`;
  const file = await folder.write("h2o.conf", text);
  await using supervisor = await startListening(
    ["supervise", "--port", String(port), "--", "proxy", "-c", file],
    tcp(port),
  );
  const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  assertEquals(parts(await rawExchange(tcp(port), get, { idleMs: 3000 })).body, "a");
  supervisor.kill("SIGHUP");
  await supervisor.waitForLine(/old worker \d+ died, status:0/);
  assertEquals(parts(await rawExchange(tcp(port), get, { idleMs: 3000 })).body, "a");
  const { stderr } = await supervisor.stop();
  assertMatch(stderr, /2 workers: \d+ \d+\n/);
  assertEquals(/ \[(warn|error)\] /.test(stderr), false, stderr);
});
