/**
 * Contract: Deno's own loop gets its turns, under full load and when idle; an idle process sleeps.
 */
// Runs alone: it measures how late timers are under full load.
import { assert, assertEquals } from "@std/assert";
import { type Address } from "../../mod/base/address.ts";
import { sleep } from "../support/child.ts";
import { backends, contractTest, type Rig } from "./harness.ts";
import { cpuTicks, startProgram } from "./program.ts";

/** The contract's limit. */
const promisedMs = 50;
/** Limit of a single measurement on a busy machine. */
const boundMs = 3000;

/** Keeps the reactor's thread busy: `pairCount` connections play ping-pong until `stop`. */
async function fullLoad(rig: Rig, pairCount = 50): Promise<{ count: number; stop: () => void }> {
  const load = { count: 0, stop: () => {} };
  let isOn = true;
  load.stop = () => isOn = false;
  const ball = new Uint8Array(64);
  for (const { client, server } of await rig.pairs(pairCount)) {
    client.keepsBytes = server.keepsBytes = false;
    client.onBytes = () => {
      load.count++;
      if (isOn) client.socket.write(ball, 0, ball.length);
    };
    server.onBytes = () => server.socket.write(ball, 0, ball.length);
    client.socket.write(ball, 0, ball.length);
  }
  return load;
}

/**
 * The value that a quarter of all do not exceed. A loop that does not yield is late every time; a
 * busy machine only now and then.
 */
function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 2];
}

contractTest("Deno's timers fire while the reactor is under full load", async (rig) => {
  const load = await fullLoad(rig);
  const lateMs: number[] = [];
  for (let i = 0; i < 30; i++) {
    const dueMs = performance.now() + 20;
    await sleep(20);
    lateMs.push(performance.now() - dueMs);
  }
  load.stop();
  assert(load.count > 100, `only ${load.count} exchanges: not under load`);
  assert(
    lowerQuartile(lateMs) < promisedMs,
    `late by ${lowerQuartile(lateMs)} ms or more, three times of four`,
  );
  assert(Math.max(...lateMs) < boundMs, `late by ${Math.max(...lateMs)} ms`);
});

contractTest("promises resolve while the reactor is under full load", async (rig) => {
  const load = await fullLoad(rig);
  const tookMs: number[] = [];
  for (let i = 0; i < 20; i++) {
    // Started from a reactor's callback, as a request starts an application's handler.
    await new Promise<void>((resolve) => {
      rig.reactor.setTimer(0, () => {
        rig.reactor.beginAsync();
        const fromMs = performance.now();
        application().then(() => {
          tookMs.push(performance.now() - fromMs);
          rig.reactor.endAsync();
          resolve();
        });
      });
    });
  }
  load.stop();
  assert(
    lowerQuartile(tookMs) < promisedMs,
    `took ${lowerQuartile(tookMs)} ms or more, three times of four`,
  );
  assert(Math.max(...tookMs) < boundMs, `took ${Math.max(...tookMs)} ms`);
});

/** Microtasks, and work of Deno on another thread. */
async function application(): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
  await Deno.stat("/");
  for (let i = 0; i < 10; i++) await null;
}

contractTest("output written by a promise while idle is sent at once", async (rig) => {
  const { client, server } = await rig.pair();
  server.onBytes = () => {
    rig.reactor.beginAsync();
    application().then(() => {
      server.send("answer");
      rig.reactor.endAsync();
    });
  };
  const tookMs: number[] = [];
  for (let round = 1; round <= 10; round++) {
    await sleep(10);
    const fromMs = performance.now();
    client.send("?");
    await client.until((c) => c.byteCount === round * 6);
    tookMs.push(performance.now() - fromMs);
  }
  assert(
    lowerQuartile(tookMs) < promisedMs,
    `took ${lowerQuartile(tookMs)} ms or more, three times of four`,
  );
});

contractTest("under load every connection gets its share", async (rig) => {
  const pairs = await rig.pairs(20);
  const counts = new Array<number>(20).fill(0);
  let isOn = true;
  const ball = new Uint8Array(64);
  pairs.forEach(({ client, server }, index) => {
    client.onBytes = () => {
      counts[index]++;
      if (isOn) client.socket.write(ball, 0, ball.length);
    };
    client.keepsBytes = server.keepsBytes = false;
    server.onBytes = () => server.socket.write(ball, 0, ball.length);
    client.socket.write(ball, 0, ball.length);
  });
  await sleep(300);
  isOn = false;
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  assert(least > 0 && most < least * 3 + 50, `between ${least} and ${most} exchanges`);
});

contractTest("new connections are accepted while the reactor is under full load", async (rig) => {
  const load = await fullLoad(rig);
  const listener = rig.listen({ kind: "tcp", host: "127.0.0.1", port: 0 } satisfies Address);
  for (let i = 1; i <= 50; i++) {
    rig.connect(listener.address);
    await rig.untilAccepted(i);
  }
  load.stop();
  assertEquals(listener.acceptedCount, 50);
});

for (const backend of backends) {
  for (const load of ["load", "rest"] as const) {
    Deno.test(`${backend}: signals are handled within 50 ms (${load})`, async () => {
      await using program = startProgram("signal_program.ts", [backend, load]);
      await program.waitForLine("ready");
      const tookMs: number[] = [];
      for (let i = 1; i <= 9; i++) {
        await sleep(30);
        const fromMs = performance.now();
        program.kill("SIGHUP");
        await program.waitForLine(`signal ${i}\n`);
        tookMs.push(performance.now() - fromMs);
      }
      // These figures include the pipe and the test's own polling.
      assert(
        lowerQuartile(tookMs) < promisedMs * 2,
        `took ${lowerQuartile(tookMs)} ms or more, three times of four`,
      );
      assert(Math.max(...tookMs) < boundMs, `took ${Math.max(...tookMs)} ms`);
    });
  }

  Deno.test(`${backend}: an idle process uses no CPU`, async () => {
    await using program = startProgram("idle_program.ts", [backend]);
    await program.waitForLine("ready");
    await sleep(300);
    const before = cpuTicks(program.pid);
    await sleep(2000);
    const used = cpuTicks(program.pid) - before;
    // A tick is 10 ms: five of two hundred. A loop that never sleeps takes all of them.
    assert(used <= 5, `${used} ticks of CPU in 2 s`);
  });
}
