import { assertEquals } from "@std/assert";
import {
  Master,
  type MasterSettings,
  type MasterSystem,
  type WorkerProcess,
} from "../../../../mod/serve/master/master.ts";

/** A world without processes: tests say what happens to the workers. */
class FakeSystem implements MasterSystem {
  time = 0;
  events: string[] = [];
  socketPerSlot = false;
  socketCount = 1;
  startable = true;
  readonly workers: WorkerProcess[] = [];
  #timers: { dueMs: number; callback: () => void }[] = [];
  #lastPid = 0;

  nowMs(): number {
    return this.time;
  }
  start(slot: number, slotCount: number): WorkerProcess | null {
    if (!this.startable) return null;
    const pid = ++this.#lastPid;
    this.events.push(`start ${pid} in ${slot}/${slotCount}`);
    const worker = { pid, slot, startedMs: this.time, isReady: false, isEnding: false };
    this.workers.push(worker);
    return worker;
  }
  signal(worker: WorkerProcess, name: string): void {
    this.events.push(`${name} ${worker.pid}`);
  }
  setTimer(delayMs: number, callback: () => void): void {
    this.#timers.push({ dueMs: this.time + delayMs, callback });
  }
  info(message: string): void {
    this.events.push(message);
  }
  warn(message: string): void {
    this.events.push(message);
  }
  pass(ms: number): void {
    this.time += ms;
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.time);
    this.#timers = this.#timers.filter(({ dueMs }) => dueMs > this.time);
    for (const { callback } of due) callback();
  }
  take(): string[] {
    return this.events.splice(0);
  }
  worker(pid: number): WorkerProcess {
    return this.workers[pid - 1];
  }
}

function setUp(settings: Partial<MasterSettings> = {}) {
  const system = new FakeSystem();
  const ended: number[] = [];
  const master = new Master(system, {
    workers: 2,
    spawnIntervalMs: 0,
    errorRespawnIntervalMs: 1000,
    gracefulTimeoutMs: 10_000,
    ...settings,
  }, (code) => ended.push(code));
  const ready = (...pids: number[]) => pids.forEach((pid) => master.onReady(system.worker(pid)));
  const exit = (pid: number, code = 0) => {
    return master.onExit(system.worker(pid), code, `exit code ${code}`);
  };
  return { system, master, ended, ready, exit };
}

/** A master whose two workers serve. */
function running(settings: Partial<MasterSettings> = {}) {
  const world = setUp(settings);
  world.master.start();
  world.ready(1);
  world.ready(2);
  world.system.pass(5000);
  world.system.take();
  return world;
}

Deno.test("Master starts one worker, then the others, with the spawn interval between them", () => {
  const { system, master, ready } = setUp({ workers: 3 });
  master.start();
  assertEquals(system.take(), ["start 1 in 0/3"]);
  ready(1);
  assertEquals(system.take(), ["start 2 in 1/3", "start 3 in 2/3"]);
  const slow = setUp({ spawnIntervalMs: 100, workers: 3 });
  slow.master.start();
  slow.ready(1);
  assertEquals(slow.system.take(), ["start 1 in 0/3"]);
  slow.system.pass(100);
  assertEquals(slow.system.take(), ["start 2 in 1/3"]);
  slow.system.pass(100);
  assertEquals(slow.system.take(), ["start 3 in 2/3"]);
});

Deno.test("Master replaces a worker that dies, and waits longer and longer for one that dies soon", () => {
  const { system, exit, ready } = running();
  exit(1, 1);
  assertEquals(system.take(), ["worker 1 died (exit code 1)", "start 3 in 0/2"]);
  ready(3);
  exit(3, 1);
  assertEquals(system.take(), ["worker 3 died (exit code 1)"]);
  for (const waitMs of [1000, 2000, 4000]) {
    system.pass(waitMs - 1);
    assertEquals(system.take(), []);
    system.pass(1);
    const [started] = system.take();
    const pid = Number(started.split(" ")[1]);
    exit(pid, 1);
    system.take();
  }
});

Deno.test("Master ends with the code of the first worker when none has ever served", () => {
  const { system, master, ended, exit } = setUp();
  master.start();
  system.take();
  exit(1, 78);
  assertEquals(system.take(), []);
  assertEquals(ended, [78]);
});

Deno.test("Master reloads one slot after the other, and ends the old worker when the new one serves", () => {
  const { system, master, ready, exit } = running();
  master.reload();
  assertEquals(system.take(), ["start 3 in 1/2"]);
  ready(3);
  assertEquals(system.take(), ["TERM 2", "start 4 in 0/2"]);
  ready(4);
  assertEquals(system.take(), ["TERM 1"]);
  exit(1);
  exit(2);
  assertEquals(system.take(), []);
});

Deno.test("Master gives a reload up when a new worker fails, and keeps the old ones", () => {
  const { system, master, exit } = running();
  master.reload();
  system.take();
  exit(3, 78);
  assertEquals(system.take(), [
    "worker 3 failed to start (exit code 78)",
    "reload failed, the old workers keep serving",
  ]);
  system.pass(60_000);
  assertEquals(system.take(), []);
});

Deno.test("Master reloads once more when HUP comes during a reload", () => {
  const { system, master, ready } = running();
  master.reload();
  master.reload();
  master.reload();
  system.take();
  ready(3, 4);
  system.take();
  ready(5, 6);
  assertEquals(system.take(), ["TERM 3", "start 6 in 0/2", "TERM 4"].filter(Boolean));
});

Deno.test("Master deals sockets out anew before any old worker ends", () => {
  const { system, master, ready } = running();
  system.socketPerSlot = true;
  system.socketCount = 2;
  master.fewer();
  assertEquals(system.take(), ["1 workers", "start 3 in 0/1"]);
  ready(3);
  assertEquals(system.take(), ["TERM 1", "TERM 2"]);
  master.more();
  assertEquals(system.take(), ["start 4 in 1/2", "2 workers"]);
  ready(4);
  assertEquals(system.take(), ["start 5 in 0/2"]);
  ready(5);
  assertEquals(system.take(), ["TERM 3"]);
});

Deno.test("Master ends one worker and no more for TTOU when all share a socket", () => {
  const { system, master } = running();
  master.fewer();
  assertEquals(system.take(), ["1 workers", "TERM 2"]);
  master.fewer();
  assertEquals(system.take(), []);
});

Deno.test("Master drains on TERM, kills what does not end, and says when all have gone", () => {
  const { system, master, ended, exit } = running();
  master.drain();
  assertEquals(system.take(), ["TERM 1", "TERM 2"]);
  exit(1);
  assertEquals(ended, []);
  system.pass(11_000);
  assertEquals(system.take(), ["killing worker 2: it did not exit within 11000 ms", "KILL 2"]);
  exit(2);
  assertEquals(ended, [0]);
});

Deno.test("Master replaces a worker that retires before it ends", () => {
  const { system, master, ready } = running();
  master.onRetire(system.worker(1), "enough");
  master.onRetire(system.worker(1), "enough");
  assertEquals(system.take(), ["replacing worker 1: enough", "start 3 in 0/2"]);
  ready(3);
  assertEquals(system.take(), ["TERM 1"]);
});

Deno.test("Master tries again when the system cannot start a process", () => {
  const { system, exit } = running();
  system.startable = false;
  exit(1, 1);
  system.take();
  system.startable = true;
  system.pass(999);
  assertEquals(system.take(), []);
  system.pass(1);
  assertEquals(system.take(), ["start 3 in 0/2"]);
});

Deno.test("Master.revive() has a worker before the sockets are closed, where one can be had", () => {
  const { system, master, ready, exit } = running();
  const revived: string[] = [];
  master.revive(() => revived.push("some worker is alive"));
  assertEquals(revived.splice(0), ["some worker is alive"]);
  exit(1, 1);
  exit(2, 1);
  assertEquals(master.isServing, false);
  // Both slots start again at once; the first that accepts is enough.
  master.revive(() => revived.push("accepts"));
  assertEquals(revived, []);
  ready(3);
  assertEquals(revived.splice(0), ["accepts"]);
  exit(3, 1);
  exit(4, 1);
  system.take();
  // Slot 0 waits for its time: it is not waited for.
  master.revive(() => revived.push("failed"));
  assertEquals(system.take(), ["start 5 in 0/2"]);
  system.pass(1000);
  assertEquals(system.take().filter((event) => event.endsWith("in 0/2")), []);
  exit(5, 78);
  assertEquals(revived, ["failed"]);
});

Deno.test("Master.revive() gives up where no process can be started, and after a QUIT", () => {
  for (const isStopped of [false, true]) {
    const { system, master, exit, ready } = running();
    system.startable = isStopped;
    exit(1, 1);
    exit(2, 1);
    let isRevived = false;
    master.revive(() => isRevived = true);
    assertEquals(isRevived, !isStopped);
    if (!isStopped) continue;
    master.stop();
    ready(3);
    assertEquals(isRevived, false);
  }
});
