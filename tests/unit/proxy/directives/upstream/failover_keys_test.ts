import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import type { UpstreamPlan } from "../../../../../mod/proxy/plan/plan.ts";

const source = { readText: () => "", environment: () => null };

function built(line: string) {
  const text = `upstreams:\n  a:\n    servers: h\n    ${line}\nlisten: 80\n` +
    "hosts:\n  default:\n    paths:\n      /: {proxy.reverse.url: http://a/}\n";
  return buildPlan(text, "h2o.conf", source, { needsListen: true });
}

/** The upstream of one further line, or the problems. */
function upstreamOf(line: string): UpstreamPlan | readonly string[] {
  const { plan, problems } = built(line);
  return plan === null ? problems : plan.upstreams[0];
}

function valueOf<K extends keyof UpstreamPlan>(line: string, key: K): UpstreamPlan[K] {
  const upstream = upstreamOf(line);
  if ("length" in upstream) throw new Error(upstream.join());
  return (upstream as UpstreamPlan)[key];
}

Deno.test("retry_budget is 20% with 10 a second by default", () => {
  assertEquals(valueOf("keepalive: 1", "retryBudget"), { share: 0.2, perSecondMin: 10 });
  assertEquals(valueOf("retry_budget: 5%", "retryBudget"), { share: 0.05, perSecondMin: 10 });
  assertEquals(valueOf("retry_budget: 0% min=3", "retryBudget"), { share: 0, perSecondMin: 3 });
  assertEquals(valueOf("retry_budget: off", "retryBudget"), null);
});

Deno.test("outlier is off by default", () => {
  assertEquals(valueOf("keepalive: 1", "outlier"), null);
  assertEquals(valueOf("outlier: off", "outlier"), null);
  const line = "outlier: consecutive_errors=5 error_rate=50% latency=2.5x interval=5s " +
    "min_requests=20 base_ejection=1m max_ejected=30%";
  assertEquals(valueOf(line, "outlier"), {
    consecutiveErrors: 5,
    errorShare: 0.5,
    latencyFactor: 2.5,
    intervalMs: 5000,
    attemptsMin: 20,
    baseEjectionMs: 60_000,
    ejectedShareMax: 0.3,
  });
});

Deno.test("request_buffer is off by default", () => {
  assertEquals(valueOf("keepalive: 1", "requestBuffer"), null);
  assertEquals(valueOf("request_buffer: off", "requestBuffer"), null);
  assertEquals(valueOf("request_buffer: memory=128k", "requestBuffer"), {
    memoryBytes: 131_072,
    fileBytes: 0,
    folder: null,
  });
  assertEquals(valueOf("request_buffer: file=1g dir=/var/tmp", "requestBuffer"), {
    memoryBytes: 65_536,
    fileBytes: 1024 ** 3,
    folder: "/var/tmp",
  });
});

Deno.test("balance reads least_time", () => {
  const balance = (text: string) => valueOf(`balance: ${text}`, "balance");
  assertEquals(balance("least_time header"), {
    kind: "least_time",
    until: "header",
    inflight: false,
  });
  assertEquals(balance("least_time last_byte inflight"), {
    kind: "least_time",
    until: "last_byte",
    inflight: true,
  });
});

const outlierForms = "consecutive_errors=N, error_rate=N%, latency=Nx, interval=TIME, " +
  "min_requests=N, base_ejection=TIME, max_ejected=N%";
const balances = "round_robin, least_conn, least_time header|last_byte [inflight], random, " +
  "random two, ip_hash, hash KEY [consistent]";

const faults: readonly (readonly [string, string])[] = [
  ["retry_budget: 20", "retry_budget: found `20`; allowed: off, or a percentage such as 20%"],
  ["retry_budget: 20% min=x", "retry_budget: found `min=x`; allowed: a number from 0 on"],
  ["retry_budget: 20% max=1", "retry_budget: found `max=1`; allowed: min=N"],
  [
    "outlier: interval=5s",
    "outlier: found `interval=5s`; allowed: off, or at least one of consecutive_errors=N, " +
    "error_rate=N%, latency=Nx",
  ],
  ["outlier: latency=1x", "outlier: found `latency=1x`; allowed: a factor above 1 such as 3x"],
  ["outlier: latency=3", "outlier: found `latency=3`; allowed: a factor above 1 such as 3x"],
  [
    "outlier: error_rate=0%",
    "outlier: found `error_rate=0%`; allowed: a percentage from 1% to 100%",
  ],
  [
    "outlier: error_rate=101%",
    "outlier: found `error_rate=101%`; allowed: a percentage from 1% to 100%",
  ],
  [
    "outlier: consecutive_errors=0",
    "outlier: found `consecutive_errors=0`; allowed: a number from 1 on",
  ],
  ["outlier: errors=1", `outlier: found \`errors=1\`; allowed: ${outlierForms}`],
  ["outlier: latency=3x interval=0", "outlier: found `interval=0`; allowed: a time such as 10s"],
  [
    "request_buffer: memory=65m",
    "request_buffer: found `memory=65m`; allowed: a size such as 64k, at most 64m",
  ],
  ["request_buffer: file=x", "request_buffer: found `file=x`; allowed: a size such as 1g"],
  [
    "request_buffer: disk=1g",
    "request_buffer: found `disk=1g`; allowed: memory=SIZE, file=SIZE, dir=PATH",
  ],
  ["request_buffer: ''", "request_buffer: allowed: off, or memory=SIZE file=SIZE dir=PATH"],
  ["balance: least_time", `balance: found \`least_time\`; allowed: ${balances}`],
  ["balance: least_time first", `balance: found \`least_time first\`; allowed: ${balances}`],
];

Deno.test("Faulty keys of an upstream are reported with the value, the line and what is allowed", () => {
  for (const [line, message] of faults) {
    const problems = upstreamOf(line);
    assertEquals(problems, [`[h2o.conf:4] ${message}`], line);
  }
});

Deno.test("A route without sticky is reported as useless", () => {
  const notices = (line: string) => built(line).plan!.notices;
  assertEquals(notices("servers: h2 route=a"), [
    "[h2o.conf:2] upstreams: a: route: only `sticky` makes use of it",
  ]);
  assertEquals(notices("servers: h2 route=a\n    sticky: cookie id"), []);
});
