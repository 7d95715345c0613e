/**
 * Upstreams that are black-holed, stopped, killed, answer garbage, reset in the middle of a body and
 * stall at random, under load: every request gets the right response or the right error, none
 * hangs past its deadline, nothing leaks.
 *
 * HAYATE_CHAOS_SECONDS (default 15) sets the duration, HAYATE_CHAOS_SEED the random numbers; both are
 * printed. Without the right to a network of our own, or with HAYATE_CHAOS_NETWORK=shared, the black
 * hole is a full queue. `scripts/chaos` runs it for 60 seconds.
 */
// Runs alone: the number of right responses depends on the free CPU.
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../fuzz/random.ts";
import { binaryPath, Child, sleep } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { RawConnection, unix } from "../../support/raw_socket.ts";
import {
  bodyOf,
  FragileServer,
  FullQueue,
  type Mood,
  moods,
  moody,
  PrivateNetwork,
  startMoody,
  usageOf,
  writeApp,
} from "./chaos_support.ts";
import { parts, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const seconds = Number(Deno.env.get("HAYATE_CHAOS_SECONDS") || 15);
const seed = Number(Deno.env.get("HAYATE_CHAOS_SEED") || 20260729);
const clients = 8;
const ioTimeoutMs = 400;
/** Six servers, each tried once up to its timeout, on a busy machine. */
const deadlineMs = 6 * 2 * ioTimeoutMs + 3000;
/** The port whose packets are dropped for a while in the private network. */
const lostPort = 8080;

/** The outcome of one request. */
type Outcome = "right" | "502" | "503" | "504" | "cut";

/** Sends one request and judges the response. */
async function ask(path: string, method: string, socket: string): Promise<Outcome> {
  const started = performance.now();
  using connection = await RawConnection.open(unix(socket));
  const expected = bodyOf(path);
  const body = method === "POST" ? expected : "";
  const length = method === "POST" ? `Content-Length: ${body.length}\r\n` : "";
  const head = `${method} ${path} HTTP/1.1\r\nHost: h\r\n${length}Connection: close\r\n\r\n`;
  // A response before the end of the request closes the connection while we write.
  await connection.send(`${head}${body}`).catch(() => null);
  assert(await connection.waitForClose(2 * deadlineMs), `${path} hung`);
  const tookMs = performance.now() - started;
  assert(tookMs < deadlineMs, `${method} ${path} took ${tookMs} ms`);
  const text = new TextDecoder("latin1").decode(await connection.readAll());
  if (!text.includes("\r\n\r\n")) return "cut";
  const answer = parts(text);
  if ([502, 503, 504].includes(answer.status)) return `${answer.status}` as Outcome;
  assertEquals(answer.status, 200, text.slice(0, 300));
  return judgeBody(answer.head, answer.body, expected, path);
}

function judgeBody(head: string, body: string, expected: string, path: string): Outcome {
  if (!/transfer-encoding: chunked/i.test(head)) {
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    assert(expected.startsWith(body), `${path} got other bytes: ${body.slice(0, 60)}`);
    assertEquals(length, expected.length);
    return body.length < length ? "cut" : "right";
  }
  const chunks = [...body.matchAll(/([0-9a-f]+)\r\n/g)];
  const plain = chunks.length === 0 ? "" : dechunk(body);
  assert(expected.startsWith(plain), `${path} got other bytes: ${plain.slice(0, 60)}`);
  const isWhole = body.endsWith("0\r\n\r\n");
  if (isWhole) assertEquals(plain.length, expected.length, `${path} passes for whole`);
  return isWhole ? "right" : "cut";
}

/** The bytes of the chunks received so far. */
function dechunk(body: string): string {
  let plain = "";
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = parseInt(body.slice(at, lineEnd), 16);
    if (lineEnd < 0 || size === 0) break;
    plain += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return plain;
}

/** The black hole: a port of a private network where that is permitted, else a full queue. */
async function startProxy(
  file: string,
  folderPath: string,
  network: PrivateNetwork | null,
  stack: AsyncDisposableStack,
): Promise<Child> {
  const args = ["proxy", "-c", file];
  const proxy = stack.use(
    network === null ? new Child(binaryPath, args) : network.startFirst(binaryPath, args),
  );
  await proxy.waitForSocket(unix(`${folderPath}/p.sock`));
  if (network !== null) {
    const serve = ["serve", "-q", "--workers", "1", "--host", "127.0.0.1", "--port"];
    stack.use(network.start(binaryPath, [...serve, `${lostPort}`, `${folderPath}/app.js`]));
  }
  return proxy;
}

function config(servers: readonly string[], folderPath: string): string {
  const quoted = servers.map((server) => `"${server} max_fails=3 fail_timeout=1s"`);
  return `listen: {port: ${folderPath}/p.sock, type: unix}
error-log: ${folderPath}/error.log
upstreams:
  app:
    servers: [${quoted.join(", ")}]
    next_upstream: error timeout invalid_header http_503
hosts: {default: {paths: {/: {proxy.timeout.io: ${ioTimeoutMs}, proxy.reverse.url: http://app/}}}}
`;
}

Deno.test("Misbehaving upstreams: responses are correct or errors, and nothing leaks", async () => {
  const random = new Random(seed);
  await using folder = await tempFolder();
  await using stack = new AsyncDisposableStack();
  await writeApp(folder);
  const isShared = Deno.env.get("HAYATE_CHAOS_NETWORK") === "shared";
  const reason = isShared ? "as asked for" : await PrivateNetwork.missing();
  const network = reason === null ? new PrivateNetwork() : null;
  const queue = stack.adopt(new FullQueue(), (one) => one[Symbol.dispose]());
  if (network === null) await queue.fill();
  const states = Array.from({ length: 4 }, () => ({ mood: "good" as Mood }));
  const sockets = states.map((_, index) => `${folder.path}/${index}.sock`);
  sockets.forEach((path, index) => stack.use(startMoody(path, states[index])));
  const fragile = stack.use(await FragileServer.start(folder));
  const blackHole = `127.0.0.1:${network === null ? queue.port : lostPort}`;
  const servers = [...sockets, fragile.path].map((path) => `unix:${path}`).concat(blackHole);
  const file = await folder.write("h2o.conf", config(servers, folder.path));
  const proxy = await startProxy(file, folder.path, network, stack);
  const world = { random, states, fragile, network, proxy, socket: `${folder.path}/p.sock` };
  const counts = await rage(world, performance.now() + seconds * 1000);
  console.log(
    `chaos: seed ${seed}, ${seconds} s, black hole by ` +
      `${network === null ? `a full queue (${reason})` : "DROP"}, ` +
      `${fragile.stops} stops, ${fragile.kills} kills, ${
        JSON.stringify(Object.fromEntries(counts))
      }`,
  );
  await calm(world, counts);
});

interface World {
  readonly random: Random;
  readonly states: readonly { mood: Mood }[];
  readonly fragile: FragileServer;
  readonly network: PrivateNetwork | null;
  readonly proxy: Child;
  readonly socket: string;
}

/** Load and random faults until `endMs`. */
async function rage(world: World, endMs: number): Promise<Map<Outcome, number>> {
  const { random, states, fragile, network, socket } = world;
  const counts = new Map<Outcome, number>();
  let serial = 0;
  const until = async (step: () => Promise<void>) => {
    while (performance.now() < endMs) await step();
  };
  const ask_ = () =>
    until(async () => {
      const bytes = random.below(random.oneIn(5) ? 200_000 : 4000);
      const method = random.oneIn(4) ? "POST" : "GET";
      const outcome = await ask(`/${serial++}/${bytes}`, method, socket);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    });
  await Promise.all([
    until(async () => {
      // The first one stays good, so that a right response is always possible.
      for (const state of states.slice(1)) state.mood = random.pick(moods);
      await sleep(100 + random.below(400));
    }),
    until(() => fragile.suffer(random)),
    until(async () => {
      await sleep(300 + random.below(1000));
      await network?.lose(lostPort, true);
      await sleep(300 + random.below(1500));
      await network?.lose(lostPort, false);
    }),
    ...Array.from({ length: clients }, ask_),
  ]);
  return counts;
}

/** All upstreams are good again: so are the responses, and nothing has leaked. */
async function calm(world: World, counts: ReadonlyMap<Outcome, number>): Promise<void> {
  const { states, proxy, socket } = world;
  const right = counts.get("right") ?? 0;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert(right > 0.6 * total, JSON.stringify([...counts]));
  for (const state of states) state.mood = "good";
  // Twice fail_timeout: a failed server may be tried again.
  await sleep(2000);
  for (let i = 0; i < 20; i++) {
    const outcome = await ask(`/${i}/3000`, "GET", socket);
    // Without a private network the black hole remains, which costs time but no responses.
    assertEquals(outcome, "right");
  }
  const { descriptors, megabytes } = usageOf(proxy.pid);
  console.log(`chaos: ${total} requests, then ${descriptors} descriptors, ${megabytes} MB`);
  // Kept upstream connections are bounded by the number of clients.
  assert(descriptors <= 40 + 6 * clients, `${descriptors} descriptors after the storm`);
  assert(megabytes < 250, `${megabytes} MB after the storm`);
}

Deno.test("A stopped upstream (SIGSTOP) costs time, not responses", async () => {
  await using good = ScriptedUpstream.start(moody({ mood: "good" }));
  await using folder = await tempFolder();
  await using frozen = await FragileServer.start(folder);
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
listen: {port: DIR/p.sock, type: unix}
upstreams: {app: {servers: ["unix:${frozen.path}", "127.0.0.1:${good.port}"]}}
hosts: {default: {paths: {/: {proxy.timeout.io: 300, proxy.reverse.url: http://app/}}}}
`);
  frozen.freeze();
  for (let i = 0; i < 10; i++) {
    assertEquals(await ask(`/${i}/100`, "GET", `${proxy.folder.path}/p.sock`), "right");
  }
});
