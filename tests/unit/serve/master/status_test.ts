import { assertEquals } from "@std/assert";
import { RowState } from "../../../../mod/serve/worker/scoreboard.ts";
import { describeWorker, renderStatus } from "../../../../mod/serve/master/status.ts";

Deno.test("describeWorker() and renderStatus() show what each worker does", () => {
  const row = {
    pid: 7,
    state: RowState.busy,
    beat: 1,
    connections: 2,
    pending: 0,
    requests: 10,
    requestStartMs: 1000,
    request: "GET /slow",
  };
  const process = { pid: 7, slot: 0, isReady: true, isEnding: false, uptimeMs: 5000 };
  const busy = describeWorker(process, row, 50 << 20, 1500);
  assertEquals([busy.state, busy.request, busy.requestAgeMs], ["busy", "GET /slow", 500]);
  const idle = describeWorker({ ...process, pid: 8 }, { ...row, state: RowState.idle }, 0, 1500);
  assertEquals([idle.state, idle.request], ["idle", null]);
  assertEquals(describeWorker({ ...process, isEnding: true }, null, 0, 0).state, "draining");
  assertEquals(describeWorker({ ...process, isReady: false }, null, 0, 0).state, "starting");
  const status = { version: "1", pid: 1, uptimeMs: 60_000, workers: [busy, idle] };
  const text = renderStatus({ ...status, supervisor: null }, 0);
  assertEquals(
    text,
    `hayate serve 1, master 1, up 60.0s, 2 workers
    PID SLOT STATE     UP        REQUESTS  CONNS  MEMORY  REQUEST
      7    0 busy      5.0s            10      2   50 MB  GET /slow (0.5s)
      8    0 idle      5.0s            10      2    0 MB  -
`,
  );
});

Deno.test("renderStatus() shows what the supervisor has started, and why the last one failed", () => {
  const cause = "exit code 78: app.ts: Unexpected token";
  const failed = { number: 2, pid: 0, startedMs: 2000, by: "HUP", endedMs: 3000, cause };
  const serving = { number: 1, pid: 7, startedMs: 1000, by: "start", endedMs: null, cause: "" };
  const supervisor = {
    ...{ supervisor: 3, startFailures: 1, deaths: 2 },
    lastFailure: { number: 2, cause, atMs: 3000 },
    generations: [
      { ...failed, state: "failed" as const },
      { ...serving, state: "serving" as const },
    ],
  };
  const status = { version: "1", pid: 1, uptimeMs: 60_000, workers: [], supervisor };
  assertEquals(
    renderStatus(status, 5000).split("\n").slice(2).join("\n"),
    `
supervisor 3: 1 failed start, 2 deaths
last failure, 2.0s ago: generation 2: exit code 78: app.ts: Unexpected token
GENERATION    PID STATE     STARTED   BY
         2      - failed    3.0s      HUP: exit code 78: app.ts: Unexpected token
         1      7 serving   4.0s      start
`,
  );
});
