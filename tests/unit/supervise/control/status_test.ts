import { assertEquals } from "@std/assert";
import { readSupervisePlan } from "../../../../mod/supervise/plan/options.ts";
import type { RunPlan } from "../../../../mod/supervise/plan/plan.ts";
import { statusOf, statusText } from "../../../../mod/supervise/control/status.ts";
import { FakeSystem } from "../fake_system.ts";

Deno.test("statusOf() lists each worker with its state and age, statusText() as a table", () => {
  const system = new FakeSystem({ readiness: "notify", killOldDelayMs: 5000 });
  system.runner.start();
  system.ready(101);
  system.pass(60_000);
  system.runner.hup();
  system.ready(102);
  system.pass(5000);
  system.runner.hup();
  const status = statusOf(system.runner.state, {
    plan: readSupervisePlan(["--", "app", "-x"], {}, "hayate") as RunPlan,
    listen: ["8080"],
    pid: 7,
    version: "1",
    nowMs: system.nowMs(),
    startedMs: 0,
    lastFailure: { generation: 2, reason: "exit code 1", atMs: 5000 },
  });
  assertEquals(statusText(status).split("\n"), [
    "supervisor 7: restarting, up 1m 5s, 1 restarts",
    "command     app -x",
    "listens on  8080",
    "",
    "GENERATION       PID  SLOT  STATE     AGE",
    "         2       102     1  serving   5s",
    "         3       103     1  starting  0s",
    "         1       101     1  draining  1m 5s",
    "",
    "last failure, 1m 0s ago: generation 2: exit code 1",
    "",
  ]);
  assertEquals(status.workers.map(({ state }) => state), ["serving", "starting", "draining"]);
});
