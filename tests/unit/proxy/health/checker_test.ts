import { assertEquals } from "@std/assert";
import { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import { parseServer } from "../../../../mod/proxy/directives/upstream/server_line.ts";
import { Checker } from "../../../../mod/proxy/health/checker.ts";
import type {
  ProbeListener,
  ProbeResult,
  ProbeTarget,
} from "../../../../mod/proxy/health/probe_target.ts";
import { StatusLine } from "../../../../mod/proxy/health/status_line.ts";
import type { CheckPlan } from "../../../../mod/proxy/plan/check_plan.ts";
import type { UpstreamPlan } from "../../../../mod/proxy/plan/plan.ts";

function group(servers: string[], check: Partial<CheckPlan>, name = "app"): PeerGroup {
  const peers = servers.map(parseServer);
  const plan = {
    name,
    peers,
    balance: { kind: "round_robin" },
    check: { ...checkDefaults, ...check },
  };
  return new PeerGroup(plan as unknown as UpstreamPlan);
}

/** Probes that the test answers, and a clock that it advances. */
class World {
  nowMs = 0;
  readonly log: string[] = [];
  readonly waiting: { port: number; answer: ProbeListener }[] = [];
  #timers = new Map<number, { atMs: number; callback: () => void }>();
  #lastTimer = 0;

  readonly parts = {
    transport: {
      probe: ({ address }: ProbeTarget, answer: ProbeListener) => {
        this.waiting.push({ port: address.kind === "tcp" ? address.port : 0, answer });
        return () => {};
      },
    },
    setTimer: (delayMs: number, callback: () => void) => {
      this.#timers.set(++this.#lastTimer, { atMs: this.nowMs + delayMs, callback });
      return this.#lastTimer;
    },
    clearTimer: (handle: number) => void this.#timers.delete(handle),
    nowMs: () => this.nowMs,
    random: () => 0,
    log: (_level: string, line: string) => void this.log.push(line),
  };

  /** Answers every pending probe; returns their ports. */
  answerAll(result: ProbeResult, note = ""): number[] {
    const all = this.waiting.splice(0);
    for (const one of all) one.answer(result, note);
    return all.map((one) => one.port);
  }

  advance(ms: number): void {
    this.nowMs += ms;
    for (const [handle, timer] of this.#timers) {
      if (timer.atMs > this.nowMs) continue;
      this.#timers.delete(handle);
      timer.callback();
    }
  }
}

Deno.test("Checker.start() probes all peers at once until their state is known", async () => {
  const world = new World();
  const peers = group(["127.0.0.1:1", "127.0.0.1:2"], { rise: 2, fall: 3, intervalMs: 1000 });
  const checker = new Checker([peers], world.parts);
  assertEquals(peers.peers.map((peer) => peer.checkDown), [true, true]);
  const started = checker.start();
  assertEquals(world.answerAll(null), [1, 2]);
  assertEquals(world.answerAll(null), [1, 2]);
  await started;
  assertEquals(world.nowMs, 0);
  assertEquals(peers.peers.map((peer) => peer.checkDown), [false, false]);
  assertEquals(world.log, ["enable check peer: 127.0.0.1:1 ", "enable check peer: 127.0.0.1:2 "]);
});

Deno.test("Checker.start() does not wait for more than one failure", async () => {
  const world = new World();
  const peers = group(["127.0.0.1:1"], { rise: 2 });
  const checker = new Checker([peers], world.parts);
  const started = checker.start();
  world.answerAll("timeout");
  await started;
  assertEquals(peers.peers[0].checkDown, true);
  assertEquals(world.log, ["check time out with peer: 127.0.0.1:1 "]);
});

Deno.test("Checker.start() does not wait for a peer that is removed, nor for any after stop()", async () => {
  const world = new World();
  const peers = group(["127.0.0.1:1", "127.0.0.1:2"], { rise: 1 });
  const checker = new Checker([peers], world.parts);
  const started = checker.start();
  checker.remove(peers.peers[0]);
  const added = checker.add(peers, peers.peers[0]);
  checker.stop();
  await Promise.all([started, added]);
  assertEquals(peers.peers.map((peer) => peer.checkDown), [true, true]);
});

Deno.test("Checker takes a peer down after fall failures and up again after rise successes", async () => {
  const world = new World();
  const check = { rise: 2, fall: 3, intervalMs: 1000, defaultDown: false, type: "http" } as const;
  const peers = group(["127.0.0.1:1"], check);
  const checker = new Checker([peers], world.parts);
  const started = checker.start();
  world.answerAll(null);
  await started;
  for (const result of ["status", "status", "status", "refused", null, null] as const) {
    world.advance(1000);
    assertEquals(world.answerAll(result).length, 1, String(result));
  }
  const complaint = "check protocol http error with peer: 127.0.0.1:1 ";
  assertEquals(world.log, [
    complaint,
    complaint,
    complaint,
    "disable check peer: 127.0.0.1:1 ",
    "enable check peer: 127.0.0.1:1 ",
  ]);
  checker.stop();
  world.advance(5000);
  assertEquals(world.waiting.length, 0);
});

Deno.test("Checker has separate states for one address in two upstreams", async () => {
  const world = new World();
  const groups = [
    group(["127.0.0.1:1"], { rise: 1 }, "a"),
    group(["127.0.0.1:1"], { rise: 1 }, "b"),
  ];
  const checker = new Checker(groups, world.parts);
  const started = checker.start();
  world.waiting[0].answer(null);
  world.waiting[1].answer("closed");
  await started;
  assertEquals(checker.rows().map((row) => [row.index, row.upstream, row.isDown]), [
    [0, "a", false],
    [1, "b", true],
  ]);
});

Deno.test("Checker probes the port of the check, and unix peers on their path", async () => {
  const world = new World();
  const peers = group(["127.0.0.1:1", "unix:/a.sock"], { rise: 1, port: 99 });
  const checker = new Checker([peers], world.parts);
  assertEquals(checker.peers.map((one) => one.name), ["127.0.0.1:99", "/a.sock"]);
  assertEquals(checker.rows().map((row) => [row.name, row.port]), [["127.0.0.1:1", 99], [
    "unix:/a.sock",
    99,
  ]]);
  const started = checker.start();
  world.answerAll(null);
  await started;
});

Deno.test("Checker logs once why a probe failed, and the output that came with a change", async () => {
  const world = new World();
  const check = { rise: 1, fall: 2, intervalMs: 1000, defaultDown: false, type: "exec" } as const;
  const checker = new Checker([group(["127.0.0.1:1"], check)], world.parts);
  const started = checker.start();
  world.answerAll("command", "exit code 1: disk full");
  await started;
  for (const note of ["exit code 1: disk full", "exit code 1: disk full"]) {
    world.advance(1000);
    world.answerAll("command", note);
  }
  world.advance(1000);
  world.answerAll(null, "fine again");
  const failure = "check protocol exec error with peer: 127.0.0.1:1 ";
  assertEquals(world.log, [
    failure,
    "check of 127.0.0.1:1: exit code 1: disk full",
    failure,
    "disable check peer: 127.0.0.1:1 ",
    failure,
    "enable check peer: 127.0.0.1:1 ",
    "check of 127.0.0.1:1: fine again",
  ]);
  checker.stop();
});

Deno.test("Checker probes at fastinter while a peer is about to change, at downinter while it is down", async () => {
  const world = new World();
  const check = { rise: 2, fall: 2, intervalMs: 1000, fastIntervalMs: 100, downIntervalMs: 5000 };
  const checker = new Checker([group(["127.0.0.1:1"], check)], world.parts);
  const started = checker.start();
  world.answerAll(null);
  world.answerAll(null);
  await started;
  const isDueAfter = (ms: number) => {
    world.advance(ms - 1);
    const isEarly = world.waiting.length > 0;
    world.advance(1);
    return !isEarly && world.waiting.length === 1;
  };
  // The first wait is spread over the interval.
  assertEquals(isDueAfter(500), true);
  for (
    const [result, waitMs] of [
      [null, 1000],
      ["closed", 100],
      ["closed", 5000],
      ["closed", 5000],
      [null, 100],
      [null, 1000],
    ] as const
  ) {
    world.answerAll(result);
    assertEquals(isDueAfter(waitMs), true, `${result} ${waitMs}`);
  }
  checker.stop();
});

Deno.test("Checker adds up to the jitter to each interval", async () => {
  const world = new World();
  const check = { rise: 1, intervalMs: 1000, jitterMs: 400 };
  const parts = { ...world.parts, random: () => 0.5 };
  const checker = new Checker([group(["127.0.0.1:1"], check)], parts);
  const started = checker.start();
  world.answerAll(null);
  await started;
  world.advance(900);
  world.answerAll(null);
  world.advance(1199);
  assertEquals(world.waiting.length, 0);
  world.advance(1);
  assertEquals(world.waiting.length, 1);
  checker.stop();
});

Deno.test("StatusLine.take() reads a status in any pieces and refuses other bytes", () => {
  const rows: [string, number][] = [
    ["HTTP/1.1 200 OK\r\n", 200],
    ["HTTP/1.0 503 Service Unavailable\r\nX: y\r\n", 503],
    ["HTTP/1.1 204\r\n", 204],
    ["HTTP/1.1 200 OK\n", 200],
    ["HTTP/1.1 200 O", 0],
    ["SSH-2.0-x\r\n", -1],
    ["HTTP/1.1 999 OK\r\n", -1],
    ["x".repeat(600), -1],
  ];
  for (const [text, expected] of rows) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(new StatusLine().take(bytes, 0, bytes.length), expected, text);
    const line = new StatusLine();
    let status = 0;
    for (let at = 0; at < bytes.length && status === 0; at++) status = line.take(bytes, at, at + 1);
    assertEquals(status, expected, text);
  }
});
