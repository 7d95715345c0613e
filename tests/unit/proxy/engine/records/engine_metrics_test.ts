import { assertEquals } from "@std/assert";
import { EngineMetrics } from "../../../../../mod/proxy/engine/records/engine_metrics.ts";

Deno.test("EngineMetrics.lostLogLines() never decreases when the logs of a plan are closed", () => {
  const metrics = new EngineMetrics();
  const [former, next] = [{ lostCount: 3 }, { lostCount: 0 }];
  metrics.addLogs(former);
  metrics.addLogs(next);
  next.lostCount = 2;
  assertEquals(metrics.lostLogLines(), 5);
  former.lostCount = 4;
  metrics.endLogs(former);
  metrics.endLogs(former);
  assertEquals(metrics.lostLogLines(), 6);
});
