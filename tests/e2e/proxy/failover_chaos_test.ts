/**
 * Misbehaving upstreams with sessions, outlier ejection, least_time and buffered bodies: uploads of
 * every size get the right response or the right error, and nothing is leaked.
 */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../fuzz/random.ts";
import {
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
  type UpstreamScript,
} from "../../support/proxy.ts";

const seed = 20261123;
const durationMs = 8000;
const clients = 6;

const moods = ["good", "good", "error", "closes", "swallows", "silent"] as const;
type Mood = typeof moods[number];

/** Answers with the length of the body, its first byte and its last one. */
function moody(state: { mood: Mood }): UpstreamScript {
  return async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      if (state.mood === "closes") return;
      const length = Number(/content-length: ([0-9]+)/i.exec(head)?.[1] ?? 0);
      const body = await peer.raw.readBytes(length, 3000);
      if (state.mood === "swallows") return;
      if (state.mood === "silent") return void await peer.raw.waitForClose(3000);
      if (state.mood === "error") await peer.send(response("no", "", "503 Sorry"));
      else await peer.send(response(`${body.length} ${body.slice(0, 1)}${body.slice(-1)}`));
    }
  };
}

type Outcomes = Record<"right" | "502" | "503" | "504", number>;

/** Uploads bodies of every size as one client until the time is over. */
async function upload(
  proxy: TestProxy,
  id: number,
  random: Random,
  untilMs: number,
  outcomes: Outcomes,
): Promise<void> {
  let cookie = "";
  while (performance.now() < untilMs) {
    // Equally many of each order of magnitude, up to more than the buffer keeps.
    const length = Math.floor(10 ** (random.below(5700) / 1000));
    const body = String.fromCharCode(97 + id).repeat(length);
    const { status, head, body: answer } = parts(
      await proxy.exchange(
        `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n${cookie}` +
          `Connection: close\r\n\r\n${body}`,
      ),
    );
    if (status !== 200) {
      assert(status in outcomes, `${status} ${answer}`);
      outcomes[String(status) as keyof Outcomes]++;
      continue;
    }
    assertEquals(answer, `${length} ${body[0].repeat(2)}`);
    outcomes.right++;
    const set = /set-cookie: route=([^;\r]+)/i.exec(head);
    if (set !== null) cookie = `Cookie: route=${set[1]}\r\n`;
  }
}

/** No exchange in progress, no body file open or in the folder. */
async function checkNothingLeft(proxy: TestProxy): Promise<void> {
  await proxy.child.waitUntil("every peer idle", async () => {
    const answer = await proxy.control("GET", "/api/9/http/upstreams/app");
    const { peers } = JSON.parse(parts(answer).body);
    return peers.every((peer: { active: number }) => peer.active === 0) || null;
  });
  const files = [...Deno.readDirSync(`/proc/${proxy.child.pid}/fd`)].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/${proxy.child.pid}/fd/${name}`)];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
  assertEquals(files.filter((path) => path.includes("hayate-body-")), []);
  assertEquals([...Deno.readDirSync(proxy.folder.path)].map(({ name }) => name).sort(), [
    "c.sock",
    "h2o.conf",
  ]);
}

Deno.test("Uploads through every failover feature at once: responses are correct or errors", async () => {
  const random = new Random(seed);
  const states = Array.from({ length: 3 }, () => ({ mood: "good" as Mood }));
  const upstreams = states.map((state) => ScriptedUpstream.start(moody(state)));
  await using _a = upstreams[0];
  await using _b = upstreams[1];
  await using _c = upstreams[2];
  const servers = upstreams.map((one, i) => `"127.0.0.1:${one.port} max_fails=0 route=r${i}"`);
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: DIR/c.sock
upstreams:
  app:
    servers: [${servers.join(", ")}]
    balance: least_time last_byte inflight
    sticky: insert option=indirect maxidle=1h
    outlier: consecutive_errors=4 error_rate=60% latency=5x interval=1s base_ejection=500ms
    request_buffer: memory=4k file=256k dir=DIR
    next_upstream: error timeout http_503
hosts: {default: {paths: {/: {proxy.timeout.io: 400, proxy.reverse.url: http://app/}}}}
`);
  const outcomes: Outcomes = { right: 0, "502": 0, "503": 0, "504": 0 };
  const untilMs = performance.now() + durationMs;
  const changing = setInterval(() => {
    random.pick(states).mood = random.pick(moods);
  }, 120);
  try {
    await Promise.all(
      Array.from({ length: clients }, (_, id) => upload(proxy, id, random, untilMs, outcomes)),
    );
  } finally {
    clearInterval(changing);
  }
  for (const state of states) state.mood = "good";
  const total = outcomes.right + outcomes["502"] + outcomes["503"] + outcomes["504"];
  assert(outcomes.right > total / 3, JSON.stringify(outcomes));
  await checkNothingLeft(proxy);
});
