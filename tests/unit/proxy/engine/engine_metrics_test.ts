import { assertEquals } from "@std/assert";
import { EngineMetrics } from "../../../../mod/proxy/engine/engine_metrics.ts";

function sample(): EngineMetrics {
  const metrics = new EngineMetrics();
  const listener = metrics.listener("127.0.0.1:80");
  listener.accepted = 3;
  listener.open = 1;
  listener.requests = 9;
  listener.tlsFailures = 2;
  listener.noteFault("no Host field");
  listener.noteFault("no Host field");
  metrics.listener("[::]:80").requests = 1;
  return metrics;
}

Deno.test("EngineMetrics counts by listener, which outlives the plan that named it", () => {
  const metrics = sample();
  assertEquals(metrics.listener("127.0.0.1:80").accepted, 3);
  assertEquals([metrics.requests, metrics.connections], [10, 1]);
});

Deno.test("EngineMetrics.assign() sums listeners and faults of several workers, each time anew", () => {
  const total = new EngineMetrics();
  const reports = [sample(), sample()].flatMap((metrics) =>
    JSON.parse(JSON.stringify(metrics.listeners()))
  );
  for (let i = 0; i < 2; i++) total.assign(reports);
  assertEquals(total.listeners()[0], {
    name: "127.0.0.1:80",
    accepted: 6,
    open: 2,
    requests: 18,
    tlsFailures: 4,
    faults: [{ name: "no Host field", count: 4 }],
  });
  assertEquals([total.requests, total.connections], [20, 2]);
});

Deno.test("EngineMetrics.noteStatus() takes statuses that are none", () => {
  const metrics = new EngineMetrics();
  for (const status of [0, 99, 200, 204, 599, 600, 999]) metrics.noteStatus(status);
  assertEquals([...metrics.statusClasses], [0, 0, 2, 0, 0, 1]);
});
