import { assertEquals } from "@std/assert";
import type { Launch, WorkerHandler } from "../../../../mod/lifecycle/runner.ts";
import { FakeProcesses } from "../../lifecycle/fake_processes.ts";
import { Master, type MasterSettings, type Starter } from "../../../../mod/serve/master/master.ts";

/** A world without processes: tests say what happens to the workers. */
class FakeWorld implements Starter {
  events: string[] = [];
  socketPerSlot = false;
  socketCount = 1;
  startable = true;
  readonly handlers = new Map<number, WorkerHandler>();
  readonly #processes = new FakeProcesses((text) => this.events.push(text));
  #lastPid = 0;

  launch(slot: number, slotCount: number, _generation: number, handler: WorkerHandler): Launch {
    if (!this.startable) return { pid: null, reason: "no descriptors", exitCode: 1 };
    const pid = ++this.#lastPid;
    this.events.push(`start ${pid} in ${slot}/${slotCount}`);
    this.handlers.set(pid, handler);
    return { pid };
  }
  get processes() {
    return this.#processes.system;
  }
  pass(ms: number): void {
    this.#processes.pass(ms);
  }
  info(message: string): void {
    this.events.push(message);
  }
  warn(message: string): void {
    this.events.push(message);
  }
  error(message: string): void {
    this.events.push(message);
  }
  take(): string[] {
    return this.events.splice(0);
  }
}

function setUp(settings: Partial<MasterSettings> = {}) {
  const system = new FakeWorld();
  const ended: number[] = [];
  const plan = {
    workers: 2,
    spawnIntervalMs: 0,
    errorRespawnIntervalMs: 1000,
    gracefulTimeoutMs: 10_000,
    ...settings,
  };
  const onServing = () => void system.events.push("all serve");
  const master = new Master(system, plan, system, onServing, system.processes);
  master.finished.then((code) => ended.push(code));
  const ready = (...pids: number[]) => {
    for (const pid of pids) system.handlers.get(pid)!.onReady(true);
  };
  /** Ends with an exit code, or by a signal. */
  const exit = (pid: number, code = 0, signal = 0) => {
    system.handlers.get(pid)!.onDied(signal === 0 ? code << 8 : signal);
  };
  const replace = (pid: number, why: string) => {
    const found = master.workers.find((worker) => worker.pid === pid);
    master.replace(found!.generation, why);
  };
  return { system, master, ended, ready, exit, replace };
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

Deno.test("Master starts one worker, then the others at the spawn interval", () => {
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
  slow.ready(2, 3);
  assertEquals(slow.system.take(), ["all serve"]);
});

Deno.test("Master replaces a worker that dies, with a growing delay for one that dies soon", () => {
  const { system, exit, ready } = running();
  exit(1, 1);
  assertEquals(system.take(), ["worker 1 died (exit code 1)", "start 3 in 0/2"]);
  ready(3);
  exit(3, 1);
  assertEquals(system.take(), ["worker 3 died (exit code 1)"]);
  // The first is the delay after a crash, the others are those of starts that fail.
  for (const waitMs of [1000, 1000, 2000, 4000]) {
    system.pass(waitMs - 1);
    assertEquals(system.take(), []);
    system.pass(1);
    const [started] = system.take();
    const pid = Number(started.split(" ")[1]);
    exit(pid, 1);
    system.take();
  }
});

Deno.test("Master waits longer each time for a worker that serves only briefly", () => {
  const { system, exit, ready } = running();
  exit(1, 1);
  let pid = 3;
  ready(pid);
  for (const waitMs of [1000, 2000, 4000]) {
    exit(pid, 1);
    system.take();
    system.pass(waitMs - 1);
    assertEquals(system.take(), []);
    system.pass(1);
    assertEquals(system.take(), [`start ${++pid} in 0/2`]);
    ready(pid);
  }
  system.pass(3000);
  // A worker that is killed from outside is not to blame.
  for (let i = 0; i < 3; i++) {
    exit(pid, 0, 9);
    assertEquals(system.take(), [`worker ${pid} died (signal KILL)`, `start ${++pid} in 0/2`]);
    ready(pid);
  }
});

Deno.test("Master restarts one slot while another backs off", () => {
  const { system, exit, ready } = running();
  exit(1, 1);
  ready(3);
  exit(3, 1);
  system.take();
  exit(2, 1);
  assertEquals(system.take(), ["worker 2 died (exit code 1)", "start 4 in 1/2"]);
});

Deno.test("Master exits with the code of the first worker if none has ever served", async () => {
  const { system, master, ended, exit } = setUp();
  master.start();
  system.take();
  exit(1, 78);
  assertEquals(system.take(), []);
  await master.finished;
  assertEquals(ended, [78]);
});

Deno.test("Master reloads slot by slot and stops the old worker once the new one serves", () => {
  const { system, master, ready, exit } = running();
  master.reload();
  assertEquals(system.take(), ["start 3 in 0/2"]);
  ready(3);
  assertEquals(system.take(), ["TERM 1", "start 4 in 1/2"]);
  ready(4);
  assertEquals(system.take(), ["TERM 2"]);
  exit(1);
  exit(2);
  assertEquals(system.take(), []);
});

Deno.test("Master abandons a reload when a new worker fails and keeps the old ones", () => {
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

Deno.test("Master reloads again after a HUP during a reload", () => {
  const { system, master, ready } = running();
  master.reload();
  master.reload();
  master.reload();
  system.take();
  ready(3, 4);
  system.take();
  ready(5, 6);
  assertEquals(system.take(), ["TERM 3", "start 6 in 1/2", "TERM 4"]);
  system.pass(1000);
  assertEquals(system.take(), []);
});

Deno.test("Master redistributes sockets before any old worker ends", () => {
  const { system, master, ready } = running();
  system.socketPerSlot = true;
  system.socketCount = 2;
  master.fewer();
  assertEquals(system.take(), ["1 workers", "start 3 in 0/1"]);
  ready(3);
  assertEquals(system.take(), ["TERM 1", "TERM 2"]);
  master.more();
  assertEquals(system.take(), ["2 workers", "start 4 in 0/2", "start 5 in 1/2"]);
  ready(4);
  assertEquals(system.take(), []);
  ready(5);
  assertEquals(system.take(), ["TERM 3"]);
});

Deno.test("Master redistributes once more when the number changes meanwhile", () => {
  const { system, master, ready, exit } = running({ workers: 2 });
  system.socketPerSlot = true;
  system.socketCount = 2;
  master.fewer();
  master.more();
  assertEquals(system.take(), ["1 workers", "start 3 in 0/1", "2 workers", "start 4 in 1/2"]);
  ready(3);
  // It has the sockets of the only slot, so it is replaced, too.
  assertEquals(system.take(), ["start 5 in 0/2"]);
  ready(4);
  ready(5);
  assertEquals(system.take(), ["TERM 3", "TERM 1", "TERM 2"]);
  exit(3);
  exit(1);
  exit(2);
  assertEquals(master.workers.map(({ pid }) => pid), [4, 5]);
});

Deno.test("Master retries a redistribution that fails, and the old workers serve meanwhile", () => {
  const { system, master, exit, ready } = running();
  system.socketPerSlot = true;
  system.socketCount = 2;
  master.fewer();
  system.take();
  exit(3, 1);
  assertEquals(system.take(), ["worker 3 failed to start (exit code 1)"]);
  system.pass(1000);
  assertEquals(system.take(), ["start 4 in 0/1"]);
  ready(4);
  assertEquals(system.take(), ["TERM 1", "TERM 2"]);
});

Deno.test("Master does not end the last worker that serves for a smaller number", () => {
  const { system, master, exit, ready } = running();
  exit(1, 1);
  ready(3);
  exit(3, 1);
  system.take();
  master.fewer();
  assertEquals(system.take(), ["1 workers"]);
  system.pass(1000);
  assertEquals(system.take(), ["start 4 in 0/1"]);
  ready(4);
  assertEquals(system.take(), ["TERM 2"]);
});

Deno.test("Master stops exactly one worker for TTOU when all share a socket", () => {
  const { system, master } = running();
  master.fewer();
  assertEquals(system.take(), ["1 workers", "TERM 2"]);
  master.fewer();
  assertEquals(system.take(), []);
});

Deno.test("Master drains on TERM, kills workers that do not exit, and reports when all have exited", async () => {
  const { system, master, ended, exit } = running();
  master.drain();
  assertEquals(system.take(), ["TERM 1", "TERM 2"]);
  exit(1);
  assertEquals(ended, []);
  system.pass(11_000);
  assertEquals(system.take(), ["killing worker 2: it did not exit within 11000 ms", "KILL 2"]);
  exit(2);
  await master.finished;
  assertEquals(ended, [0]);
});

Deno.test("Master ends workers at once, and kills them a second later", async () => {
  for (const drainsFirst of [false, true]) {
    const { system, master, exit } = running();
    if (drainsFirst) master.drain();
    system.take();
    master.stop();
    assertEquals(system.take(), ["QUIT 1", "QUIT 2"]);
    exit(1);
    system.pass(1000);
    assertEquals(system.take(), ["killing worker 2: it did not exit within 1000 ms", "KILL 2"]);
    exit(2);
    assertEquals(await master.finished, 0);
  }
});

Deno.test("Master.reopenLogs() spares a worker that is not ready, which USR1 would end", () => {
  const { system, master, ready, replace } = running();
  replace(1, "enough");
  system.take();
  master.reopenLogs();
  assertEquals(system.take(), ["USR1 1", "USR1 2"]);
  ready(3);
  assertEquals(system.take(), ["USR1 3", "TERM 1"]);
});

Deno.test("Master.pause() holds for workers that start meanwhile", () => {
  const { system, master, exit, ready } = running();
  master.pause();
  assertEquals(system.take(), ["VTALRM 1", "VTALRM 2"]);
  exit(1, 1);
  ready(3);
  assertEquals(system.take().at(-1), "VTALRM 3");
  master.resume();
  assertEquals(system.take(), ["CONT 3", "CONT 2"]);
});

Deno.test("Master replaces a worker that retires before it ends", () => {
  const { system, ready, replace } = running();
  replace(1, "enough");
  replace(1, "enough");
  assertEquals(system.take(), ["replacing worker 1: enough", "start 3 in 0/2"]);
  ready(3);
  assertEquals(system.take(), ["TERM 1"]);
});

Deno.test("Master retries when the system cannot start a process", () => {
  const { system, exit } = running();
  system.startable = false;
  exit(1, 1);
  assertEquals(system.take(), [
    "worker 1 died (exit code 1)",
    "cannot start a worker: no descriptors",
  ]);
  system.startable = true;
  system.pass(999);
  assertEquals(system.take(), []);
  system.pass(1);
  assertEquals(system.take(), ["start 3 in 0/2"]);
});

Deno.test("Master.revive() starts a worker before the sockets are closed, if possible", () => {
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

Deno.test("Master.revive() gives up when no process can be started, and after QUIT", () => {
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
