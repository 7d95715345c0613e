/**
 * Upstreams that are killed, stopped, answer garbage, reset and dawdle at random (seeded), under
 * load: every request is answered rightly or with the right error, none hangs, nothing leaks.
 */
import { assert, assertEquals } from "@std/assert";
import { RawConnection } from "../support/raw_socket.ts";
import { parts, ScriptedUpstream, TestProxy, type UpstreamScript } from "./proxy_support.ts";

const durationMs = 15_000;
const clients = 8;
const ioTimeoutMs = 400;

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = (mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed)) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296;
  };
}

type Mood = "good" | "silent" | "garbage" | "closes" | "breaks" | "slow";
const moods: readonly Mood[] = ["good", "silent", "garbage", "closes", "breaks", "slow"];

/** Answers with the path that was asked for, in the mood of the moment. */
function moody(state: { mood: Mood }): UpstreamScript {
  return async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const body = `${head.split(" ")[1]} ${"x".repeat(2000)}`;
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      switch (state.mood) {
        case "silent":
          await peer.raw.waitForClose(5000);
          return;
        case "garbage":
          return await peer.send("\x16\x03\x01 this is not HTTP\r\n\r\n");
        case "closes":
          return;
        case "breaks":
          return await peer.send(answer.slice(0, 500));
        case "slow":
          await peer.send(answer.slice(0, 100));
          await new Promise((resolve) => setTimeout(resolve, 50));
          await peer.send(answer.slice(100));
          break;
        default:
          await peer.send(answer);
      }
    }
  };
}

/** What came of one request. */
type Outcome = "right" | "502" | "504" | "cut";

async function ask(proxy: TestProxy, path: string): Promise<Outcome> {
  const started = performance.now();
  using connection = await RawConnection.open(proxy.address);
  await connection.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  const closed = await connection.waitForClose(10_000);
  assert(closed, `${path} hung`);
  const tookMs = performance.now() - started;
  assert(tookMs < 5 * ioTimeoutMs + 2000, `${path} took ${tookMs} ms`);
  const text = new TextDecoder("latin1").decode(await connection.readAll());
  if (connection.resetError !== null || !text.includes("\r\n\r\n")) return "cut";
  const { status, head, body } = parts(text);
  if (status === 502 || status === 504) return `${status}`;
  assertEquals(status, 200, text.slice(0, 200));
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  if (body.length < length) return "cut";
  assert(
    body.startsWith(`${path} `),
    `${path} got the answer of another request: ${body.slice(0, 60)}`,
  );
  return "right";
}

Deno.test("Upstreams in every mood: answers are right or honest, and nothing leaks", async () => {
  const random = seeded(20260729);
  const states = Array.from({ length: 3 }, () => ({ mood: "good" as Mood }));
  const upstreams = states.map((state) => ScriptedUpstream.start(moody(state)));
  await using _a = upstreams[0];
  await using _b = upstreams[1];
  await using _c = upstreams[2];
  const servers = upstreams.map((one) => `"127.0.0.1:${one.port} max_fails=3 fail_timeout=1s"`);
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
upstreams: {app: {servers: [${servers.join(", ")}], next_upstream: error timeout invalid_header}}
hosts: {default: {paths: {/: {proxy.timeout.io: ${ioTimeoutMs}, proxy.reverse.url: http://app/}}}}
`);
  const before = descriptorCount(proxy.child.pid);
  const counts = new Map<Outcome, number>();
  const end = performance.now() + durationMs;
  let serial = 0;
  const client = async () => {
    while (performance.now() < end) {
      const outcome = await ask(proxy, `/${serial++}`);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  };
  const change = async () => {
    while (performance.now() < end) {
      // The first one stays good, so that a right answer is always possible.
      for (const state of states.slice(1)) state.mood = moods[Math.floor(random() * moods.length)];
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 400));
    }
  };
  await Promise.all([change(), ...Array.from({ length: clients }, client)]);
  const right = counts.get("right") ?? 0;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert(right > 0.8 * total, JSON.stringify([...counts]));
  for (const state of states) state.mood = "good";
  await new Promise((resolve) => setTimeout(resolve, 2500));
  for (let i = 0; i < 20; i++) assertEquals(await ask(proxy, `/after/${i}`), "right");
  const after = descriptorCount(proxy.child.pid);
  // Kept upstream connections are bounded by the clients there were.
  assert(after <= before + 3 * clients, `${before} descriptors before, ${after} after`);
});

Deno.test("A stopped upstream (SIGSTOP) costs time, not answers", async () => {
  await using good = ScriptedUpstream.start(moody({ mood: "good" }));
  const frozen = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "Deno.serve({port:0,hostname:'127.0.0.1',onListen:(a)=>console.log(a.port)},()=>new Response('frozen'))",
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = frozen.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  try {
    await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
upstreams: {app: {servers: ["127.0.0.1:${port}", "127.0.0.1:${good.port}"]}}
hosts: {default: {paths: {/: {proxy.timeout.io: 300, proxy.reverse.url: http://app/}}}}
`);
    Deno.kill(frozen.pid, "SIGSTOP");
    for (let i = 0; i < 10; i++) assertEquals(await ask(proxy, `/${i}`), "right");
  } finally {
    Deno.kill(frozen.pid, "SIGKILL");
    await reader.cancel();
    await frozen.status;
  }
});

function descriptorCount(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
