import { assertEquals } from "@std/assert";
import { Histogram } from "../../../../mod/metrics/histogram.ts";
import { additions } from "../../../../mod/load/report/report_additions.ts";
import { wrkHeader, wrkReport } from "../../../../mod/load/report/report_wrk.ts";
import type { LoadResult } from "../../../../mod/load/stats/result.ts";
import type { OutputPlan } from "../../../../mod/load/plan/plan.ts";
import { type CounterName, Slot, ThreadStats } from "../../../../mod/load/stats/thread_stats.ts";

const output: OutputPlan = {
  latency: false,
  serviceTime: false,
  phases: false,
  percentiles: [],
  groupBy: null,
  json: null,
  csv: null,
  hdr: null,
  timeseries: null,
  html: null,
  live: false,
  metrics: null,
  showSecrets: false,
  quiet: false,
};

function result(
  counters: Partial<Record<CounterName, number>>,
  latenciesUs: number[],
  ratesPerSecond: number[],
  changes: Partial<LoadResult> = {},
): LoadResult {
  const stats = ThreadStats.make();
  for (const [name, count] of Object.entries(counters)) {
    stats.counters[Slot[name as CounterName]] = count;
  }
  for (const value of latenciesUs) stats.latency.record(value);
  const rates = new Histogram();
  for (const value of ratesPerSecond) rates.record(value);
  return {
    url: "http://h/",
    threads: 1,
    connections: 2,
    durationMs: 3000,
    requestedRate: null,
    isRamp: false,
    startedAt: "",
    measuredMs: 3020,
    stats,
    rates,
    intervals: [],
    failures: [],
    cpuUserMs: 0,
    cpuSystemMs: 0,
    autoSources: 0,
    portRange: [32768, 60999],
    interrupted: false,
    hasScript: false,
    hasReplay: false,
    machines: [],
    threadVariables: [],
    answerCounts: null,
    groupBy: null,
    streams: null,
    isSecure: false,
    lookupTime: null,
    ...changes,
  };
}

Deno.test("wrkHeader() has the two lines of wrk, the second never in the singular", () => {
  assertEquals(
    wrkHeader("http://h/", 10_000, 1, 1, Infinity),
    "Running 10s test @ http://h/\n  1 threads and 1 connections\n",
  );
  assertEquals(
    wrkHeader("u", Infinity, 2, 4, 12345).split("\n")[0],
    "Running 12345 requests test @ u",
  );
});

Deno.test("wrkReport() equals what wrk printed for the same numbers, trailing blanks included", () => {
  const slow = result(
    { answered: 4, bytesRead: 172 },
    [1_210_000, 1_210_000, 1_210_000, 1_210_000],
    [1, 1],
  );
  assertEquals(
    wrkReport(slow, true),
    [
      "  Thread Stats   Avg      Stdev     Max   +/- Stdev",
      "    Latency     1.21s     0.00us   1.21s   100.00%",
      "    Req/Sec     1.00      0.00     1.00    100.00%",
      "  Latency Distribution",
      "     50%    1.21s ",
      "     75%    1.21s ",
      "     90%    1.21s ",
      "     99%    1.21s ",
      "  4 requests in 3.02s, 172.00B read",
      "Requests/sec:      1.32",
      "Transfer/sec:      56.95B",
      "",
    ].join("\n"),
  );
});

Deno.test("wrkReport() without a sample prints -nan, as wrk does", () => {
  const lines = wrkReport(result({}, [], []), false).split("\n");
  assertEquals(lines[1], "    Latency     0.00us    0.00us   0.00us    -nan%");
  assertEquals(lines[2], "    Req/Sec     0.00      0.00     0.00      -nan%");
  assertEquals(lines[3], "  0 requests in 3.02s, 0.00B read");
});

Deno.test("wrkReport() sorts eight kinds of failure into wrk's lines", () => {
  const failed = result(
    {
      failedConnect: 1,
      failedRefused: 2,
      failedRead: 3,
      failedTruncated: 4,
      failedProtocol: 5,
      failedWrite: 6,
      failedTimeout: 7,
      failedStatus: 8,
    },
    [],
    [],
  );
  const lines = wrkReport(failed, false).split("\n");
  assertEquals(lines[4], "  Socket errors: connect 3, read 12, write 6, timeout 7");
  assertEquals(lines[5], "  Non-2xx or 3xx responses: 8");
});

Deno.test("additions() is empty for an ordinary run", () => {
  assertEquals(additions(result({ answered: 4 }, [1], [1]), output), "");
});

Deno.test("additions() reports that ports ran out and what to do", () => {
  const dry = result({ answered: 1, portsExhausted: 9 }, [1], [1]);
  assertEquals(
    additions(dry, output),
    "Ephemeral ports: none was free (32768-60999: 28232 of them) at 9 connects, as closed " +
      "connections hold theirs for a minute in TIME_WAIT; use --source with more addresses, or --linger0\n",
  );
});

Deno.test("additions() blames TIME_WAIT only where connections were closed", () => {
  const open = result({ answered: 9, opened: 9, open: 9, portsExhausted: 9 }, [1], [1]);
  assertEquals(
    additions(open, output),
    "Ephemeral ports: none was free (32768-60999: 28232 of them) at 9 connects, as the connections " +
      "that are open hold them all; use --source with more addresses\n",
  );
});

Deno.test("additions() lists failures by kind and code, and the requested percentiles", () => {
  const failed = result({ answered: 2, failedTimeout: 3, failedStatus: 1, lost: 3 }, [100, 300], [
    1,
  ], {
    failures: [
      { kind: "timeout", code: "ETIMEDOUT", count: 3 },
      { kind: "status", code: "503", count: 1 },
    ],
  });
  assertEquals(
    additions(failed, { ...output, percentiles: [50, 99.9] }).split("\n"),
    [
      "Latency percentiles:",
      "    50%   100.00us",
      "  99.9%   300.00us",
      "Failed requests: 4: timeout 3 (ETIMEDOUT), status 1 (503)",
      "Connections: 2 requested, 0 made, 3 lost, 0 open at the end",
      "",
    ],
  );
});

Deno.test("additions() reports when the client was the bottleneck", () => {
  const busy = result({ answered: 4 }, [1], [1], { cpuUserMs: 1000, cpuSystemMs: 2000 });
  assertEquals(additions(busy, output).startsWith("Client CPU: 99% of each thread was used"), true);
});

Deno.test("additions() reports how well a schedule was kept", () => {
  const open = result(
    { answered: 300, scheduled: 302, unsent: 2, lagSumUs: 3000, lagMaxUs: 250 },
    [1],
    [1],
    { requestedRate: 100 },
  );
  assertEquals(additions(open, output).split("\n").slice(0, 3), [
    "Rate: requested 100.0/s, sent 99.3/s (99.34%); sent late by 10.00us on average, 250.00us at most",
    "Client CPU: 0% of each thread",
    "Unsent: 2 requests were due and found no free connection",
  ]);
});

Deno.test("additions() lists responses per server, the most frequent first", () => {
  const answerCounts = { "nginx": 25, "hayate": 75 };
  assertEquals(
    additions(result({}, [], [], { answerCounts, groupBy: "Server" }), output),
    "Responses by Server:\n  hayate         75 75.0%\n  nginx          25 25.0%\n",
  );
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`v${index}`, 1]));
  const lines = additions(result({}, [], [], { answerCounts: many, groupBy: "A" }), output);
  assertEquals(lines.trimEnd().split("\n").at(-1), "  and 5 more values");
});
