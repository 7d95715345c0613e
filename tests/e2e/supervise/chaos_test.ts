/**
 * Random HUPs, stops and kills under load, from a seed: the supervisor's actions lose nothing,
 * and a kill of the only serving worker loses only its own requests.
 *
 * `HAYATE_CHAOS_S` sets the seconds (60 for the long run), `HAYATE_CHAOS_SEED` repeats a run.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep, startHayate, trySignal } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { isAlive, startSupervised, type Supervised } from "../../support/supervise.ts";

const durationS = Number(Deno.env.get("HAYATE_CHAOS_S") ?? 10);
const seed = Number(Deno.env.get("HAYATE_CHAOS_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const connections = 20;
/** Within this time a worker that was signalled to end finishes and closes the load's connections. */
const drainMs = 400;

/** Answers at once, but `/slow` late, so that a generation drains for a while. */
const app = `export default {
  async fetch(request) {
    if (request.url.endsWith("/slow")) await new Promise((resolve) => setTimeout(resolve, 1500));
    return new Response("hello");
  },
};
`;

/** Numbers from 0 to 1 (mulberry32): the same for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

interface LoadRun {
  readonly requestsAnswered: number;
  readonly requestsFailed: number;
  /** Sent once more, because a kept-alive connection was closed before the response began. */
  readonly requestsRetried: number;
  readonly failedByKind: Record<string, number>;
  readonly responsesByStatus: Record<string, number>;
}

/** Runs the load and, in parallel, `disturb` until the time is over. */
async function underLoad(
  port: number,
  disturb: (endMs: number) => Promise<void>,
): Promise<LoadRun> {
  const url = `http://127.0.0.1:${port}/`;
  const counts = ["-c", String(connections), "-t", "1", "-d", String(durationS)];
  const load = startHayate(["load", ...counts, "--json", "-", url]);
  await disturb(performance.now() + (durationS - 0.5) * 1000);
  const { stdout, stderr } = await load.result();
  assert(stdout.startsWith("{"), `no result: ${stderr}`);
  return JSON.parse(stdout).runs[0];
}

async function startApp(folder: TempFolder, port: number): Promise<Supervised> {
  const path = await folder.write("app.js", app);
  // One process each, so that a kill hits the serving one.
  const worker = ["serve", "--workers", "1", path];
  const supervisor = startSupervised(folder, [`--port=127.0.0.1:${port}`, ...worker]);
  await supervisor.waitForGenerations(1);
  return supervisor;
}

/** What the chaos does to the processes. */
class Chaos {
  readonly counts = { hup: 0, killed: 0, stopped: 0 };
  readonly #random = randomFrom(seed);
  readonly #slow: Promise<unknown>[] = [];
  /** Old workers with the time when they were first seen draining. */
  readonly #drainingSince = new Map<number, number>();

  constructor(readonly supervisor: Supervised, readonly port: number) {}

  async run(endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      await sleep(50 + this.#random() * 250);
      const choice = this.#random();
      if (choice < 0.45) await this.#hup();
      else if (choice < 0.75) this.#killDraining();
      else if (choice < 0.9) await this.#stopAndGoOn(this.supervisor.child.pid);
      else await this.#stopAndGoOn(this.#newest());
    }
    await Promise.allSettled(this.#slow);
  }

  #newest(): number {
    return this.supervisor.status().at(-1)?.pid ?? this.supervisor.child.pid;
  }

  async #hup(): Promise<void> {
    const slow = fetch(`http://127.0.0.1:${this.port}/slow`).then((each) => each.text());
    // Its worker may be killed: the request only keeps that worker draining.
    this.#slow.push(slow.catch(() => {}));
    await sleep(20);
    this.counts.hup++;
    this.supervisor.child.kill("SIGHUP");
  }

  #killDraining(): void {
    const now = performance.now();
    for (const { pid } of this.supervisor.status().slice(0, -1)) {
      const since = this.#drainingSince.get(pid);
      if (since === undefined) this.#drainingSince.set(pid, now);
      else if (now - since > drainMs && isAlive(pid) && trySignal(pid, "SIGKILL")) {
        this.counts.killed++;
      }
    }
  }

  async #stopAndGoOn(pid: number): Promise<void> {
    if (!trySignal(pid, "SIGSTOP")) return;
    this.counts.stopped++;
    await sleep(20 + this.#random() * 80);
    trySignal(pid, "SIGCONT");
  }
}

Deno.test(`chaos: HUPs, stops and kills of draining workers lose no request (seed ${seed})`, async () => {
  await using folder = await tempFolder();
  const port = freePort();
  await using supervisor = await startApp(folder, port);
  const chaos = new Chaos(supervisor, port);
  const run = await underLoad(port, (endMs) => chaos.run(endMs));
  if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) {
    console.log(chaos.counts, run.requestsAnswered, run.requestsRetried, run.failedByKind);
  }
  const what = JSON.stringify({ seed, ...chaos.counts, ...run.failedByKind });
  assertEquals([run.requestsFailed, run.requestsRetried], [0, 0], what);
  assertEquals(Object.keys(run.responsesByStatus), ["200"], what);
  assert(chaos.counts.hup > 2 && run.requestsAnswered > 1000, what);
});

Deno.test(`chaos: kills of the only serving worker lose only what it held (seed ${seed})`, async () => {
  await using folder = await tempFolder();
  const port = freePort();
  await using supervisor = await startApp(folder, port);
  let kills = 0;
  const random = randomFrom(seed);
  const run = await underLoad(port, async (endMs) => {
    while (performance.now() < endMs) {
      await sleep(400 + random() * 600);
      const newest = supervisor.status().at(-1);
      if (newest !== undefined && trySignal(newest.pid, "SIGKILL")) kills++;
    }
  });
  const { requestsFailed, requestsRetried } = run;
  const what = JSON.stringify({ seed, kills, requestsRetried, ...run.failedByKind });
  if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) console.log(what, run.requestsAnswered);
  assert(kills > 2, what);
  // Each connection has at most one request in progress; new ones wait in the queue of our socket.
  assert(requestsFailed + requestsRetried <= kills * connections, what);
  assertEquals([run.failedByKind["refused"], run.failedByKind["connect"]], [0, 0], what);
  assertEquals(Object.keys(run.responsesByStatus), ["200"], what);
});
