import { assertEquals } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import type { StateMessage } from "../../../../mod/proxy/workers/messages.ts";
import { type PoolParts, WorkerPool } from "../../../../mod/proxy/workers/worker_pool.ts";
import { FakeProcesses } from "../../lifecycle/fake_processes.ts";

/** A worker without a process: the test decides what it sends and when it exits. */
interface FakeWorker {
  send(message: unknown): void;
  /** Exits with this wait status. */
  end(status: number): Promise<void>;
  readonly received: { kind: string; version?: number }[];
}

function setUp(workers = 2) {
  const events: string[] = [];
  const started = new Map<number, FakeWorker>();
  const world = { canStart: true };
  const processes = new FakeProcesses((text) => events.push(text));
  const log = (level: string) => (text: string) => void events.push(`${level} ${text}`);
  const logger = { warn: log("warn"), error: log("error") };
  const parts = {
    launch: { logger },
    workers,
    isSupervised: false,
    texts: [],
    state: (version: number) => ({ kind: "state", version }) as StateMessage,
    onWorkerGone: (pid: number) => void events.push(`${pid} is gone`),
  } as unknown as PoolParts;
  const pool = new WorkerPool(parts, (_parts, onMessage) => {
    if (!world.canStart) throw new StartError("too many open files");
    const pid = 101 + started.size;
    const { promise: exited, resolve } = Promise.withResolvers<number>();
    const received: FakeWorker["received"] = [];
    const end = async (status: number) => {
      resolve(status);
      // The pool's own reaction to `exited` comes first.
      await exited;
    };
    started.set(pid, { send: onMessage, end, received });
    events.push(`start ${pid}`);
    const channel = {
      send: (message: unknown) => received.push(message as FakeWorker["received"][0]) > 0,
      close: () => {},
    };
    return { pid, channel, exited };
  }, processes.system);
  const worker = (pid: number) => started.get(pid) as FakeWorker;
  const ready = (...pids: number[]) => pids.forEach((pid) => worker(pid).send({ kind: "ready" }));
  return { pool, events, worker, ready, processes, world, take: () => events.splice(0) };
}

/** A pool whose workers 101 and 102 have served too long for a crash loop. */
async function serving() {
  const world = setUp();
  const start = world.pool.start();
  world.ready(101, 102);
  assertEquals(await start, null);
  world.processes.pass(5000);
  world.take();
  return world;
}

Deno.test("WorkerPool starts all workers at once and is up when all are ready", async () => {
  const { pool, worker, ready, take } = setUp();
  let failure: number | null | undefined;
  const start = pool.start().then((code) => failure = code);
  assertEquals(take(), ["start 101", "start 102"]);
  assertEquals(worker(101).received.map(({ kind }) => kind), ["welcome", "state"]);
  ready(101);
  await Promise.resolve();
  assertEquals([failure, pool.isServing], [undefined, true]);
  ready(102);
  await start;
  assertEquals([failure, pool.pids, pool.respawnedCount], [null, [101, 102], 0]);
});

Deno.test("WorkerPool ends with the exit code of a worker that fails before any has served", async () => {
  const { pool, worker, take } = setUp();
  const start = pool.start();
  await worker(102).end(78 << 8);
  assertEquals(await start, 78);
  await worker(101).end(15);
  await pool.stop("TERM");
  assertEquals(take(), ["start 101", "start 102", "102 is gone", "TERM 101", "101 is gone"]);
});

Deno.test("WorkerPool reports why the system refuses the first start", async () => {
  const { pool, world, take } = setUp(1);
  world.canStart = false;
  assertEquals(await pool.start(), 1);
  assertEquals(take(), ["error cannot start a worker: too many open files"]);
});

Deno.test("WorkerPool replaces a worker that dies, with a backoff in a crash loop", async () => {
  const { pool, worker, ready, processes, take } = await serving();
  await worker(101).end(1 << 8);
  assertEquals(take(), [
    "101 is gone",
    "error worker 101 died (exit code 1), starting another",
    "start 103",
  ]);
  ready(103);
  await worker(103).end(1 << 8);
  take();
  processes.pass(999);
  assertEquals(take(), []);
  processes.pass(1);
  assertEquals(take(), ["start 104"]);
  // Killed from outside: not a crash.
  await worker(102).end(9);
  assertEquals(take().at(-1), "start 105");
  assertEquals(pool.respawnedCount, 3);
});

Deno.test("WorkerPool.tryStart() fails with the first worker that dies, ready or not", async () => {
  for (const isReady of [false, true]) {
    const { pool, worker, ready } = setUp();
    const start = pool.tryStart();
    if (isReady) ready(101);
    await worker(101).end(9);
    assertEquals(await start, "worker 101 died (signal 9)");
    const stop = pool.stop("TERM");
    for (const pid of pool.pids) await worker(pid).end(15);
    await stop;
  }
});

Deno.test("WorkerPool.revive() waits for one worker, or for its failure", async () => {
  for (const succeeds of [true, false]) {
    const { pool, worker, ready, world } = await serving();
    world.canStart = false;
    await worker(101).end(9);
    await worker(102).end(9);
    world.canStart = true;
    let isOver = false;
    const revival = pool.revive().then(() => isOver = true);
    await Promise.resolve();
    assertEquals([isOver, pool.pids], [false, [103]]);
    if (succeeds) ready(103);
    else await worker(103).end(1 << 8);
    await revival;
    assertEquals(pool.isServing, succeeds);
    if (!succeeds) continue;
    const stop = pool.stop("TERM");
    await worker(103).end(0);
    await stop;
  }
});

Deno.test("WorkerPool.stop() drains, and a second stop() ends at once", async () => {
  const { pool, worker, processes, take } = await serving();
  const stop = pool.stop("TERM");
  assertEquals(take(), ["TERM 101", "TERM 102"]);
  processes.pass(3_600_000);
  assertEquals(take(), [], "a drain has no limit of its own");
  const closed = pool.closed();
  worker(101).send({ kind: "closed" });
  worker(102).send({ kind: "closed" });
  await closed;
  pool.stopAtOnce();
  assertEquals(take(), ["QUIT 101", "QUIT 102"]);
  await worker(101).end(0);
  processes.pass(1000);
  assertEquals(take(), [
    "101 is gone",
    "warn killing worker 102: it did not exit within 1000 ms",
    "KILL 102",
  ]);
  await worker(102).end(9);
  await stop;
});

Deno.test("WorkerPool.settled() waits until every worker has applied the last state", async () => {
  const { pool, worker, ready } = await serving();
  await worker(102).end(9);
  ready(103);
  pool.broadcast();
  let isSettled = false;
  const settled = pool.settled().then(() => isSettled = true);
  worker(101).send({ kind: "applied", version: 1 });
  await Promise.resolve();
  assertEquals(isSettled, false);
  worker(103).send({ kind: "applied", version: 1 });
  await settled;
  const stop = pool.stop("TERM");
  await worker(101).end(0);
  await worker(103).end(0);
  await stop;
});
