import { assertEquals } from "@std/assert";
import { Histogram } from "../../../../mod/metrics/histogram.ts";
import { mergeRuns } from "../../../../mod/load/report/merge.ts";
import { type RunJson } from "../../../../mod/load/report/json/report_json.ts";
import { histogramOf, timeJson } from "../../../../mod/load/report/json/time_json.ts";

async function run(values: number[], changes: Partial<RunJson> = {}): Promise<RunJson> {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  const time = await timeJson(histogram, [12.5]);
  return {
    startedAt: "2026-01-01T00:00:00.000Z",
    measuredMs: 1000,
    interrupted: false,
    requestsPerSecond: values.length,
    bytesReadPerSecond: 10,
    requestsSent: values.length,
    requestsAnswered: values.length,
    requestsFailed: 1,
    requestsRetried: 0,
    requestsInFlightAtEnd: 0,
    bytesRead: 10,
    bytesSent: 5,
    failedByKind: {},
    failures: [{ kind: "read", code: "EEOF", count: 1 }],
    responsesByStatus: { "200": values.length },
    responsesByFieldValue: null,
    latency: time,
    serviceTime: null,
    connectTime: time,
    phases: null,
    eventStreams: null,
    webSockets: null,
    schedule: null,
    replay: null,
    connections: {
      asked: 1,
      made: 1,
      openAtEnd: 1,
      lost: 0,
      closedIdleByServer: 0,
      closedAfterResponse: 0,
      connectsToFullQueue: 0,
      connectsWithoutFreePort: 0,
      sourceAddressesAdded: 0,
      tlsHandshakesResumed: 0,
    },
    client: { cpuUserMs: 1, cpuSystemMs: 1, cpuShareOfThreads: 0.5, scriptMs: null },
    machines: null,
    intervals: [],
    ...changes,
  };
}

Deno.test("mergeRuns() computes percentiles over all values instead of averaging", async () => {
  const low = Array.from({ length: 900 }, () => 100);
  // The greatest lies less than a microsecond below the end of its counter: 10,104.
  const high = Array.from({ length: 100 }, (_, index) => 10_004.75 + index);
  const merged = await mergeRuns([await run(low), await run(high)]);
  const all = new Histogram();
  for (const value of [...low, ...high]) all.record(value);
  assertEquals((await histogramOf(merged.latency)).slots, all.slots);
  assertEquals(merged.latency.percentilesUs["p90"], 100);
  assertEquals(merged.latency.maxUs, 10_103.75);
  assertEquals("p12.5" in merged.latency.percentilesUs, true);
});

Deno.test("mergeRuns() divides summed counts by the longest time", async () => {
  const merged = await mergeRuns([
    await run([1, 2, 3]),
    await run([4], { measuredMs: 2000, responsesByStatus: { "503": 1 } }),
  ]);
  assertEquals(merged.requestsPerSecond, 2);
  assertEquals([merged.requestsAnswered, merged.requestsFailed, merged.bytesRead], [4, 2, 20]);
  assertEquals(merged.responsesByStatus, { "200": 3, "503": 1 });
  assertEquals(merged.failures, [{ kind: "read", code: "EEOF", count: 2 }]);
  assertEquals(merged.failedByKind["read"], 2);
  assertEquals(merged.connections.asked, 2);
});

Deno.test("mergeRuns() adds the counts of --group-by, also with a report of an older version", async () => {
  const merged = await mergeRuns([
    await run([1], { responsesByFieldValue: { a: 1, b: 2 } }),
    await run([1], { responsesByFieldValue: { b: 3 } }),
    { ...await run([1]), responsesByFieldValue: undefined as never },
  ]);
  assertEquals(merged.responsesByFieldValue, { a: 1, b: 5 });
  assertEquals((await mergeRuns([await run([1])])).responsesByFieldValue, null);
});

Deno.test("mergeRuns() averages over all of the time when the machines did not run together", async () => {
  const at = (second: number, values: number[]) =>
    run(values, { startedAt: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z` });
  const values = Array.from({ length: 100 }, () => 50);
  const together = await mergeRuns([await at(0, values), await at(0, values)]);
  assertEquals([together.measuredMs, together.requestsPerSecond], [1000, 200]);
  const apart = await mergeRuns([await at(0, values), await at(4, values)]);
  assertEquals([apart.measuredMs, apart.requestsPerSecond], [5000, 40]);
  assertEquals(apart.requestsAnswered, 200);
});
