/** Contract: timers, deadlines, ticks, and the start and end of the loop. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Deadline } from "../../mod/base/timer_wheel.ts";
import { createReactor } from "../../mod/net/mod.ts";
import { sleep, withTimeout } from "../support/child.ts";
import { backends, contractTest } from "./harness.ts";

/** How late anything may be on a busy machine. */
const lateMsMax = 1000;

class NotingDeadline extends Deadline {
  readonly passedAtMs: number[] = [];
  #waiter: (() => void) | null = null;

  override onDeadline(nowMs: number): void {
    this.passedAtMs.push(nowMs);
    this.#waiter?.();
  }

  passed(): Promise<void> {
    return new Promise((resolve) => this.#waiter = resolve);
  }
}

contractTest("setTimer() calls once, never early, also from Deno's loop at rest", async (rig) => {
  for (const delayMs of [0, 1, 20, 100]) {
    await sleep(20);
    const fromMs = performance.now();
    let calls = 0;
    const tookMs = await new Promise<number>((resolve) => {
      rig.reactor.setTimer(delayMs, () => {
        calls++;
        resolve(performance.now() - fromMs);
      });
    });
    assert(tookMs >= delayMs, `${tookMs} ms is not before ${delayMs} ms`);
    assert(tookMs < delayMs + lateMsMax, `${tookMs} ms for ${delayMs} ms`);
    await sleep(50);
    assertEquals(calls, 1);
  }
});

contractTest("setTimer() from a callback, and a chain of timers", async (rig) => {
  let count = 0;
  await new Promise<void>((resolve) => {
    const next = () => {
      if (++count === 10) resolve();
      else rig.reactor.setTimer(0, next);
    };
    next();
  });
  assertEquals(count, 10);
});

contractTest("timers fire in the order of their times if these are well apart", async (rig) => {
  const fired: number[] = [];
  for (const delayMs of [300, 100, 200, 0]) {
    rig.reactor.setTimer(delayMs, () => fired.push(delayMs));
  }
  await sleep(150);
  await new Promise<void>((resolve) => rig.reactor.setTimer(300, resolve));
  assertEquals(fired, [0, 100, 200, 300]);
});

contractTest(
  "clearTimer() prevents the call, also from a timer of the same moment",
  async (rig) => {
    const fired: string[] = [];
    const cleared = rig.reactor.setTimer(10, () => fired.push("cleared"));
    rig.reactor.clearTimer(cleared);
    rig.reactor.clearTimer(cleared);
    const handles: number[] = [];
    for (let i = 0; i < 5; i++) {
      handles.push(rig.reactor.setTimer(30, () => {
        fired.push(`timer ${i}`);
        for (const handle of handles) rig.reactor.clearTimer(handle);
      }));
    }
    await new Promise<void>((resolve) => rig.reactor.setTimer(150, resolve));
    assertEquals(fired.length, 1, `${fired}`);
    assert(fired[0] !== "cleared");
  },
);

contractTest("a thousand timers all fire", async (rig) => {
  let count = 0;
  for (let i = 0; i < 1000; i++) rig.reactor.setTimer(i % 200, () => count++);
  await new Promise<void>((resolve) => rig.reactor.setTimer(400, resolve));
  assertEquals(count, 1000);
});

contractTest("nowMs is monotonic and advances", async (rig) => {
  const first = await new Promise<number>((resolve) =>
    rig.reactor.setTimer(0, () => resolve(rig.reactor.nowMs))
  );
  assert(Math.abs(first - performance.now()) < lateMsMax);
  const second = await new Promise<number>((resolve) =>
    rig.reactor.setTimer(60, () => resolve(rig.reactor.nowMs))
  );
  assert(second - first >= 59, `${second - first} ms have passed`);
});

contractTest("a deadline armed in a callback passes, never early", async (rig) => {
  const deadline = new NotingDeadline();
  const { client, server } = await rig.pair();
  let dueMs = 0;
  server.onBytes = () => {
    dueMs = rig.reactor.nowMs + 80;
    rig.reactor.wheel.arm(deadline, dueMs);
  };
  client.send("x");
  await deadline.passed();
  assert(deadline.passedAtMs[0] >= dueMs, `${deadline.passedAtMs[0]} is not before ${dueMs}`);
  assert(deadline.passedAtMs[0] < dueMs + lateMsMax);
  await sleep(60);
  assertEquals(deadline.passedAtMs.length, 1);
});

contractTest("a deadline armed from Deno's loop at rest passes in time", async (rig) => {
  await sleep(30);
  const fromMs = performance.now();
  const later = new NotingDeadline();
  const sooner = new NotingDeadline();
  rig.reactor.wheel.arm(later, fromMs + 10_000);
  await sleep(30);
  rig.reactor.wheel.arm(sooner, fromMs + 100);
  await sooner.passed();
  assert(sooner.passedAtMs[0] >= fromMs + 100);
  assert(performance.now() < fromMs + 100 + lateMsMax);
  rig.reactor.wheel.disarm(later);
});

contractTest("nowMs is exact in Deno's loop, however long the reactor has slept", async (rig) => {
  await sleep(200);
  const off = performance.now() - rig.reactor.nowMs;
  assert(Math.abs(off) < 50, `nowMs is ${off} ms behind`);
});

contractTest("a postponed deadline passes later, a disarmed one never", async (rig) => {
  const moved = new NotingDeadline();
  const disarmed = new NotingDeadline();
  const dueMs = performance.now() + 50;
  rig.reactor.wheel.arm(moved, dueMs);
  rig.reactor.wheel.arm(disarmed, dueMs);
  moved.deadlineMs = dueMs + 150;
  rig.reactor.wake();
  rig.reactor.setTimer(10, () => rig.reactor.wheel.disarm(disarmed));
  await moved.passed();
  assert(moved.passedAtMs[0] >= dueMs + 150);
  assertEquals(disarmed.passedAtMs.length, 0);
  assertEquals(rig.reactor.wheel.armedCount, 0);
});

contractTest("stop() from a Deno timer ends run() at rest", async (rig) => {
  await sleep(50);
  setTimeout(() => rig.reactor.stop(), 20);
  const fromMs = performance.now();
  await rig.running;
  assert(performance.now() - fromMs < lateMsMax);
});

contractTest("stop() inside a callback ends run() when it has returned", async (rig) => {
  const order: string[] = [];
  rig.reactor.setTimer(0, () => {
    rig.reactor.stop();
    order.push("callback returned");
  });
  await rig.running;
  order.push("run resolved");
  assertEquals(order, ["callback returned", "run resolved"]);
});

contractTest("there is no callback between stop() and the next run()", async (rig) => {
  const { client, server } = await rig.pair();
  const listener = rig.listen(await rig.address("tcp4"));
  await rig.stop();
  client.send("while stopped");
  const late = rig.connect(listener.address);
  let timerFired = false;
  rig.reactor.setTimer(0, () => timerFired = true);
  await sleep(100);
  assertEquals([server.byteCount, late.openCount, rig.accepted.length, timerFired], [
    0,
    0,
    0,
    false,
  ]);
  rig.restart();
  await server.until((s) => s.text === "while stopped");
  await late.until((l) => l.openCount === 1);
  await rig.untilAccepted(1);
  await new Promise<void>((resolve) => rig.reactor.setTimer(0, resolve));
  assert(timerFired);
});

contractTest("run() keeps the program alive and resolves once per stop()", async (rig) => {
  for (let round = 0; round < 3; round++) {
    await rig.stop();
    rig.restart();
    assertEquals(await withTimeout(rig.running, 20), null, "it runs until stop()");
  }
});

contractTest(
  "the tick handler is called, at least as often as it requests, and can be removed",
  async (rig) => {
    let count = 0;
    rig.reactor.tickHandler = {
      onTick(nowMs) {
        assert(nowMs <= performance.now());
        count++;
        return 5;
      },
    };
    rig.reactor.wake();
    await sleep(300);
    assert(count >= 10, `${count} ticks in 300 ms, at least every 5 ms were asked for`);
    rig.reactor.tickHandler = null;
    rig.reactor.wake();
    await sleep(30);
    const after = count;
    await sleep(50);
    assertEquals(count, after);
  },
);

contractTest(
  "a tick handler that allows any wait is called when something happens",
  async (rig) => {
    let count = 0;
    rig.reactor.tickHandler = {
      onTick() {
        count++;
        return Infinity;
      },
    };
    rig.reactor.wake();
    await sleep(50);
    const { client, server } = await rig.pair();
    const before = count;
    client.send("x");
    await server.until((s) => s.byteCount === 1);
    await sleep(20);
    assert(count > before);
    rig.reactor.tickHandler = null;
  },
);

for (const backend of backends) {
  Deno.test(`${backend}: run() rejects with what a callback throws, and can be called again`, async () => {
    const reactor = await createReactor(backend);
    reactor.setTimer(0, () => {
      throw new RangeError("a programmer's mistake");
    });
    await assertRejects(() => reactor.run(), RangeError, "a programmer's mistake");
    const running = reactor.run();
    reactor.setTimer(10, () => reactor.stop());
    await running;
  });

  Deno.test(`${backend}: an exception in onData rejects run()`, async () => {
    const reactor = await createReactor(backend);
    const sockets: { close(): void }[] = [];
    const handler = {
      onOpen(socket: { write(bytes: Uint8Array, start: number, end: number): number }) {
        socket.write(new Uint8Array(1), 0, 1);
      },
      onData() {
        throw new RangeError("a programmer's mistake");
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    };
    const listener = reactor.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, {}, (socket) => {
      sockets.push(socket);
      return handler;
    });
    sockets.push(reactor.connect(listener.address, handler));
    await assertRejects(() => reactor.run(), RangeError, "a programmer's mistake");
    for (const socket of sockets) socket.close();
    listener.close();
    const running = reactor.run();
    setTimeout(() => reactor.stop(), 30);
    await running;
  });

  Deno.test(`${backend}: stop() before run() does nothing`, async () => {
    const reactor = await createReactor(backend);
    reactor.stop();
    const running = reactor.run();
    assertEquals(await withTimeout(running.then(() => true), 30), null, "it runs");
    reactor.stop();
    await running;
  });
}

Deno.test("createReactor() refuses an unknown backend", async () => {
  const error = await assertRejects(() => createReactor("kqueue"));
  assertThrows(
    () => {
      throw error;
    },
    Error,
    "allowed are epoll and portable",
  );
});
