import { assertEquals } from "@std/assert";
import type { LogEvent } from "../../../../mod/lifecycle/core/state.ts";
import {
  causeCharsMax,
  generationsMax,
} from "../../../../mod/process/handover/generation_report.ts";
import { GenerationHistory } from "../../../../mod/supervise/generations/history.ts";
import { FakeSystem } from "../fake_system.ts";

/** A supervisor whose history is kept; its clock is the history's. */
class Watched extends FakeSystem {
  readonly history = new GenerationHistory(7, "start", () => this.nowMs());

  override log(entry: LogEvent): void {
    super.log(entry);
    this.history.on(entry);
  }

  /** `3 failed by HUP: exit code 1`, the newest first. */
  rows(): string[] {
    const { generations } = this.history.report(this.runner.state);
    return generations.map(({ number, state, by, cause }) =>
      `${number} ${state} by ${by}${cause === "" ? "" : `: ${cause}`}`
    );
  }

  counts(): (number | string | null)[] {
    const { startFailures, deaths, lastFailure } = this.history.report(this.runner.state);
    return [startFailures, deaths, lastFailure?.cause ?? null];
  }
}

/** A supervisor whose generation 1 serves as pid 101. */
function serving(settings = {}): Watched {
  const system = new Watched({ readiness: "notify", startFailuresMax: 1, ...settings });
  system.runner.start();
  system.ready(101);
  return system;
}

Deno.test("a generation that fails to start tells why, and the old one serves on", () => {
  const system = serving();
  assertEquals(system.rows(), ["1 serving by start"]);
  system.runner.hup();
  assertEquals(system.rows()[0], "2 starting by HUP");
  system.history.note(2, "[h2o.conf:3] unknown directive: nonsense\nmore");
  system.die(102, 78 << 8);
  assertEquals(system.rows(), [
    "2 failed by HUP: exit code 78: [h2o.conf:3] unknown directive: nonsense more",
    "1 serving by start",
  ]);
  system.history.request("/etc/h2o.conf has changed");
  system.runner.hup();
  system.ready(103);
  system.die(101);
  assertEquals(system.rows().slice(0, 1), ["3 serving by /etc/h2o.conf has changed"]);
  assertEquals(system.rows().at(-1), "1 ended by start: exit code 0");
  // It stays known after a success.
  assertEquals(system.counts(), [
    1,
    0,
    "exit code 78: [h2o.conf:3] unknown directive: nonsense more",
  ]);
});

Deno.test("a death is no failed start, and the next one says whose it was", () => {
  const system = serving();
  system.die(101, 9);
  assertEquals(system.rows(), [
    "2 starting by death of generation 1",
    "1 failed by start: killed by KILL",
  ]);
  assertEquals(system.counts(), [0, 1, "killed by KILL"]);
});

Deno.test("one that is not ready in time fails once, whatever its end", () => {
  const system = serving({ startTimeoutMs: 1000, startFailuresMax: 2 });
  system.runner.hup();
  system.history.note(2, "waiting for the database");
  system.pass(1000);
  system.die(102, 15);
  assertEquals(system.rows().slice(0, 2), [
    "3 starting by HUP, again",
    "2 failed by HUP: not ready within 1 s: waiting for the database",
  ]);
  assertEquals(system.counts()[0], 1);
});

Deno.test("a command that cannot be started is a failure without a process", () => {
  const system = serving();
  system.behaviour = "is missing";
  system.runner.hup();
  const [failed] = system.history.report(system.runner.state).generations;
  assertEquals([failed.number, failed.pid, failed.state], [2, 0, "failed"]);
  assertEquals(system.counts()[0], 1);
});

Deno.test("the history is bounded, and keeps what lives", () => {
  const system = serving({ startFailuresMax: 100, firstStartFailuresMax: 100 });
  system.behaviour = "dies at once";
  for (let i = 0; i < 3 * generationsMax; i++) {
    system.history.note(system.runner.state.generation + 1, "x".repeat(10_000));
    system.runner.hup();
    system.pass(120_000);
  }
  const { generations } = system.history.report(system.runner.state);
  assertEquals(generations.length, generationsMax);
  assertEquals(generations.at(-1)?.number, 1);
  assertEquals(generations.at(-1)?.state, "serving");
  assertEquals(generations.every(({ cause }) => cause.length <= causeCharsMax + 3), true);
});

Deno.test("the program after this one continues the report", () => {
  const before = serving();
  before.runner.hup();
  before.die(102, 256);
  const history = new GenerationHistory(7, "USR2", () => 0);
  history.resume(before.history.report(before.runner.state));
  const after = history.report(before.runner.state);
  assertEquals(after, before.history.report(before.runner.state));
});
