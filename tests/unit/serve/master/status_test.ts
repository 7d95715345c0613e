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
  const text = renderStatus({ version: "1", pid: 1, uptimeMs: 60_000, workers: [busy, idle] });
  assertEquals(
    text,
    `hayate serve 1, master 1, up 60.0s, 2 workers
    PID SLOT STATE     UP        REQUESTS  CONNS  MEMORY  REQUEST
      7    0 busy      5.0s            10      2   50 MB  GET /slow (0.5s)
      8    0 idle      5.0s            10      2    0 MB  -
`,
  );
});
