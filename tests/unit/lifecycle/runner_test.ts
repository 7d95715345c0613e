import { assertEquals } from "@std/assert";
import { outcomeOf } from "../../../mod/supervise/control/control_socket.ts";
import { FakeSystem } from "../supervise/fake_system.ts";

/** A supervisor whose first worker, 101, serves. */
function serving(settings: ConstructorParameters<typeof FakeSystem>[0] = {}): FakeSystem {
  const system = new FakeSystem(settings);
  system.runner.start();
  if (system.settings_.readiness === "notify") system.ready(101);
  else system.pass(1000);
  system.takeLog();
  return system;
}

Deno.test("HUP writes Server::Starter's lines in its order", () => {
  const system = new FakeSystem({ killOldDelayMs: 2000 });
  system.runner.start();
  system.pass(1000);
  system.runner.hup();
  system.pass(1000);
  system.pass(2000);
  system.die(101, 0);
  system.runner.stop("TERM");
  system.die(102, 15);
  assertEquals(system.takeLog(), [
    "starting new worker 101",
    "received HUP, spawning a new worker",
    "starting new worker 102",
    "new worker is now running, sending TERM to old workers:101",
    "sleeping 2 secs before killing old workers",
    "killing old workers",
    "old worker 101 died, status:0",
    "received TERM, sending TERM to all workers:102",
    "worker 102 died, status:15",
    "exiting",
  ]);
  assertEquals(system.takeSignals(), ["TERM 101", "TERM 102"]);
});

Deno.test("the status file shows each phase of a restart", () => {
  const system = new FakeSystem({ killOldDelayMs: 2000 });
  system.runner.start();
  assertEquals(system.statusTexts, [], "nothing before the first success");
  system.pass(1000);
  system.runner.hup();
  assertEquals(system.statusTexts, ["1:101"], "a worker that is starting does not count");
  system.pass(3000);
  system.die(101);
  system.runner.stop("TERM");
  system.die(102);
  assertEquals(system.statusTexts, ["1:101", "1:101 2:102", "2:102", ""]);
});

Deno.test("a start that fails is retried while the old generation serves", () => {
  const system = serving();
  system.behaviour = "dies at once";
  system.runner.hup();
  system.pass(1500);
  assertEquals(system.takeSignals(), []);
  assertEquals(system.lines, "1:101");
  system.behaviour = "lives";
  system.pass(2000);
  assertEquals(system.lines, "1:101 4:104");
  assertEquals(system.takeLog().filter((line) => line.includes("failed")), [
    "new worker 102 seems to have failed to start, exit status:256",
    "new worker 103 seems to have failed to start, exit status:256",
  ]);
  assertEquals(system.takeSignals(), ["TERM 101"]);
});

Deno.test("failing starts are an interval apart, then back off", () => {
  const system = new FakeSystem();
  system.behaviour = "dies at once";
  system.runner.start();
  const starts = () => system.log_.filter((line) => line.startsWith("starting")).length;
  const seen: number[] = [];
  for (let second = 0; second <= 20; second++) {
    seen.push(starts());
    system.pass(1000);
  }
  assertEquals(seen.slice(0, 12), [1, 2, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6]);
});

Deno.test("a missing program does not spin", () => {
  const system = new FakeSystem({ intervalMs: 0 });
  system.behaviour = "is missing";
  system.runner.start();
  system.pass(10_000);
  const refused = system.takeLog().filter((line) => line.startsWith("failed to exec"));
  assertEquals(refused[0], "failed to exec /app: no such file");
  assertEquals(refused.length < 10, true, `${refused.length} starts in ten seconds`);
});

Deno.test("a second HUP does not shorten the interval", () => {
  const system = serving();
  system.runner.hup();
  system.pass(200);
  system.runner.hup();
  system.pass(400);
  system.die(102, 256);
  assertEquals(system.takeSignals(), [], "the old worker is not signalled to end");
  assertEquals(system.lines, "1:101");
});

Deno.test("HUPs in a burst make one more restart, not many", () => {
  const system = serving();
  for (let i = 0; i < 5; i++) system.runner.hup();
  system.pass(10_000);
  assertEquals(system.runner.state.generation, 3);
  assertEquals(system.takeLog().filter((line) => line.includes("HUP")), [
    "received HUP, spawning a new worker",
    "received HUP during a restart, will restart again afterwards",
    "received HUP, spawning a new worker",
  ]);
});

Deno.test("HUP during the backoff retries at once", () => {
  const system = new FakeSystem({ intervalMs: 0 });
  system.behaviour = "is missing";
  system.runner.start();
  system.pass(20_000);
  system.behaviour = "lives";
  system.runner.hup();
  system.pass(1);
  assertEquals(system.runner.state.slots[0].current?.pid, 101);
});

Deno.test("a worker that dies later is restarted at once", () => {
  const system = serving();
  system.pass(60_000);
  system.die(101, 256);
  assertEquals(system.takeLog(), [
    "worker 101 died unexpectedly with status:256, restarting",
    "starting new worker 102",
  ]);
});

Deno.test("a crash loop backs off, deaths by KILL do not", () => {
  for (const [status, startsAtLeast, startsAtMost] of [[256, 6, 12], [9, 20, 22]] as const) {
    const system = serving({ intervalMs: 100 });
    for (let i = 0; i < 20; i++) {
      system.pass(200);
      const current = system.runner.state.slots[0].current;
      if (current !== null) system.die(current.pid, status);
    }
    const { generation } = system.runner.state;
    const fits = generation >= startsAtLeast && generation <= startsAtMost;
    assertEquals(fits, true, `status ${status}: ${generation} starts`);
  }
});

Deno.test("a worker that notifies is ready at that moment, not after the interval", () => {
  const system = serving({ readiness: "notify" });
  system.runner.hup();
  system.pass(30_000);
  assertEquals(system.takeSignals(), [], "not signalled yet");
  system.ready(102);
  assertEquals(system.takeSignals(), ["TERM 101"]);
});

Deno.test("a worker may notify before the interval is over", () => {
  const system = serving();
  system.runner.hup();
  system.pass(10);
  system.ready(102);
  assertEquals(system.takeSignals(), ["TERM 101"]);
});

Deno.test("--start-timeout ends a worker that does not become ready, the old one keeps serving", () => {
  const system = serving({ readiness: "notify", startTimeoutMs: 5000, startFailuresMax: 1 });
  system.runner.hup();
  system.pass(5000);
  assertEquals(system.takeSignals(), ["TERM 102"]);
  assertEquals(system.takeLog().slice(-2), [
    "new worker 102 is not ready after 5 secs",
    "giving up the restart: not ready within 5 s; worker 101 keeps serving",
  ]);
  system.pass(10_000);
  assertEquals(system.takeSignals(), ["KILL 102"], "it ignored TERM");
});

Deno.test("--max-start-failures gives up the restart, and a reload gets the reason", () => {
  const system = serving({ startFailuresMax: 3 });
  system.behaviour = "dies at once";
  system.runner.hup();
  system.pass(20_000);
  assertEquals(system.runner.state.generation, 4);
  assertEquals(system.runner.state.restart, null);
  assertEquals(outcomeOf(system.runner.state, 2, true), {
    ok: false,
    generation: 1,
    reason: "exit code 1",
  });
  system.behaviour = "lives";
  system.runner.hup();
  system.pass(2000);
  assertEquals(system.runner.state.slots[0].current?.generation, 5, "a later HUP works again");
});

Deno.test("--max-start-failures ends a supervisor that never served, with code 1", async () => {
  const system = new FakeSystem({ startFailuresMax: 2, firstStartFailuresMax: 2 });
  system.behaviour = "dies at once";
  system.runner.start();
  system.pass(10_000);
  await system.runner.finished;
  assertEquals(system.exitCode, 1);
});

Deno.test("once it has served, a supervisor never gives up restarting a dead worker", () => {
  const system = serving({ startFailuresMax: 2, firstStartFailuresMax: 2 });
  system.behaviour = "dies at once";
  system.die(101, 256);
  system.pass(300_000);
  assertEquals(system.exitCode, null);
  system.behaviour = "lives";
  system.pass(60_000);
  assertEquals(system.runner.state.slots[0].current !== null, true);
});

Deno.test("--trial: the old worker is paused, and serves again when the new one dies", () => {
  const system = new FakeSystem({ readiness: "notify", trialMs: 10_000 });
  system.runner.start();
  system.ready(101, true);
  system.runner.hup();
  system.ready(102, true);
  assertEquals(system.takeSignals(), ["VTALRM 101"]);
  system.pass(9000);
  system.die(102, 139);
  assertEquals(system.takeSignals(), ["CONT 101"]);
  assertEquals(system.lines, "1:101");
  assertEquals(outcomeOf(system.runner.state, 2, false), {
    ok: false,
    generation: 1,
    reason: "generation 2 died in its trial: killed by SEGV",
  });
  system.pass(100_000);
  assertEquals(system.runner.state.generation, 2, "no further attempt without a request");
});

Deno.test("--trial: the old worker is signalled to end when the trial is over", () => {
  const system = serving({ readiness: "notify", trialMs: 10_000, killOldDelayMs: 1000 });
  system.runner.hup();
  system.ready(102);
  system.pass(9999);
  assertEquals(system.takeSignals(), []);
  system.pass(1);
  assertEquals(system.takeSignals(), ["TERM 101"]);
});

Deno.test("death of the new worker in the kill delay: the old one serves, the start is retried", () => {
  const system = serving({ killOldDelayMs: 5000 });
  system.runner.hup();
  system.pass(2000);
  system.die(102, 256);
  assertEquals(system.lines, "1:101");
  system.pass(7000);
  assertEquals(system.takeSignals(), ["TERM 101"]);
  assertEquals(system.runner.state.slots[0].current?.generation, 3);
});

Deno.test("--drain-timeout kills a worker that does not end", () => {
  const system = serving({ drainTimeoutMs: 3000 });
  system.runner.hup();
  system.pass(1000);
  system.takeSignals();
  system.pass(2999);
  assertEquals(system.takeSignals(), []);
  system.pass(1);
  assertEquals(system.takeSignals(), ["KILL 101"]);
  assertEquals(system.takeLog().at(-1), "worker 101 has not ended within 3 secs, killing it");
});

Deno.test("TERM acts at once in every wait", () => {
  const waits: Record<string, (system: FakeSystem) => void> = {
    "the interval": (system) => system.runner.hup(),
    "the kill delay": (system) => {
      system.runner.hup();
      system.pass(1000);
    },
    "the back-off": (system) => {
      system.behaviour = "dies at once";
      system.runner.hup();
      system.pass(20_000);
    },
  };
  for (const [name, wait] of Object.entries(waits)) {
    const system = serving({ killOldDelayMs: 9000 });
    wait(system);
    system.takeSignals();
    system.runner.stop("TERM");
    assertEquals(system.takeSignals().includes("TERM 101"), true, name);
    for (const pid of [...system.workers.keys()]) system.die(pid, 15);
    assertEquals(system.runner.state.phase, "stopped", name);
  }
});

Deno.test("TERM sends signal-on-term, INT always TERM, QUIT drains like TERM", () => {
  for (const [received, sent] of [["TERM", "QUIT"], ["INT", "TERM"], ["QUIT", "QUIT"]] as const) {
    const system = serving({ signalOnTerm: "QUIT" });
    system.runner.stop(received);
    assertEquals(system.takeSignals(), [`${sent} 101`]);
    assertEquals(system.takeLog(), [`received ${received}, sending ${sent} to all workers:101`]);
  }
});

Deno.test("a second TERM hurries, a third one kills at once", () => {
  const system = serving();
  system.runner.stop("TERM");
  system.pass(60_000);
  assertEquals(system.takeSignals(), ["TERM 101"], "no limit of its own");
  system.runner.stop("TERM");
  assertEquals(system.takeSignals(), ["TERM 101"]);
  system.pass(1000);
  assertEquals(system.takeSignals(), ["KILL 101"]);
  system.runner.stop("TERM");
  assertEquals(system.takeSignals(), ["KILL 101"]);
});

Deno.test("--max-generations: a restart waits until an old worker has ended", () => {
  const system = serving({ generationsMax: 2 });
  system.runner.hup();
  system.pass(1000);
  system.runner.hup();
  system.pass(60_000);
  assertEquals(system.runner.state.generation, 2, "101 still drains");
  assertEquals(
    system.takeLog().at(-1),
    "2 generations are alive, waiting for an old worker to end",
  );
  system.die(101);
  assertEquals(system.runner.state.generation, 3);
});

Deno.test("--workers: a restart replaces one slot after the other", () => {
  const system = new FakeSystem({ readiness: "notify" }, 3);
  system.runner.start();
  for (const pid of [101, 102, 103]) system.ready(pid);
  system.runner.hup();
  assertEquals([...system.workers.keys()], [101, 102, 103, 104]);
  system.ready(104);
  assertEquals(system.takeSignals(), ["TERM 101"]);
  system.ready(105);
  system.ready(106);
  assertEquals(system.takeSignals(), ["TERM 102", "TERM 103"]);
  assertEquals(system.runner.state.restart, null);
  assertEquals(system.notified, ["ready", "reloading", "ready"]);
});

Deno.test("--workers: a slot whose worker dies is filled while another is being replaced", () => {
  const system = new FakeSystem({ readiness: "notify" }, 2);
  system.runner.start();
  system.ready(101);
  system.ready(102);
  system.runner.hup();
  system.die(102, 256);
  assertEquals([...system.workers.keys()], [101, 103, 104]);
  system.ready(104);
  system.ready(103);
  assertEquals(system.runner.state.restart, null, "104 is new enough already");
  assertEquals(system.runner.state.generation, 4);
});

Deno.test("automatic restart: after the interval if no old worker is left, else after twice that", () => {
  const system = serving({ autoRestartMs: 6000 });
  system.pass(6000);
  system.pass(1000);
  assertEquals(system.takeLog()[0], "autorestart triggered (interval=6)");
  assertEquals(system.takeSignals(), ["TERM 101"]);
  system.pass(11_000);
  assertEquals(system.takeLog().filter((line) => line.startsWith("autorestart")), [], "101 lives");
  system.pass(1000);
  assertEquals(
    system.takeLog().find((line) => line.startsWith("autorestart")),
    "autorestart triggered (forced, interval=6)",
  );
});

Deno.test("workers of a supervisor that died are replaced as on a restart", () => {
  const system = new FakeSystem();
  const orphan = (pid: number, generation: number) => ({
    pid,
    generation,
    startedMs: 0,
    pausable: false,
    signalled: false,
    owesReopening: false,
    orphan: true,
  });
  system.runner.start([orphan(90, 6), orphan(91, 7)]);
  assertEquals(system.takeSignals(), ["TERM 90"], "the older one was draining already");
  system.pass(1000);
  assertEquals(system.runner.state.slots[0].current?.generation, 8);
  assertEquals(system.takeSignals(), ["TERM 91"]);
  system.die(91);
  assertEquals(system.takeLog().at(-1), "old worker 91 died, status:unknown");
});

Deno.test("sd_notify: ready, reloading, ready, stopping", () => {
  const system = serving();
  system.runner.hup();
  system.pass(1000);
  system.runner.stop("TERM");
  assertEquals(system.notified, ["ready", "reloading", "ready", "stopping"]);
});
