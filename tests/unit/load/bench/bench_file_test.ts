import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../../mod/cli/mod.ts";
import { readBenchFile } from "../../../../mod/load/bench/bench_file.ts";
import type { BenchPlan } from "../../../../mod/load/bench/bench_plan.ts";

function read(text: string): BenchPlan {
  const environment = (name: string) => name === "TOKEN" ? "secret" : null;
  return readBenchFile("b.yaml", { readText: () => text, environment });
}

function faults(text: string): string[] {
  return [...assertThrows(() => read(text), UsageError).errors];
}

Deno.test("readBenchFile() has a run for each entry, with the defaults beneath its own settings", () => {
  const { title, entries } = read(`
title: Two servers
defaults:
  connections: 32
  duration: 1m30s
  header: ["A: b", "C: d"]
runs:
  - name: one
    url: http://a/
    fail-if: [p99>5ms, errors>0]
  - name: two
    url: [http://b/x, http://b/y]
    connections: 5
    http2: true
    keepalive: no
    header: !env TOKEN
    tls-resume: false
`.replace("header: !env TOKEN", "header: 'X: y'"));
  assertEquals(title, "Two servers");
  assertEquals(entries.map(({ name, at }) => `${name} ${at.line}`), ["one 8", "two 11"]);
  const [one, two] = entries.map(({ plan }) => plan);
  assertEquals([one.connections, one.durationMs, one.keepalive], [32, 90_000, true]);
  assertEquals(one.headers.map(({ name }) => name), ["A", "C"]);
  assertEquals(one.thresholds.map(({ text }) => text), ["p99>5ms", "errors>0"]);
  assertEquals([two.connections, two.http2, two.keepalive, two.tls.resume], [
    5,
    true,
    false,
    false,
  ]);
  assertEquals(two.targets.map(({ path }) => path), ["/x", "/y"]);
});

Deno.test("readBenchFile() combines the axes of a matrix with each run", () => {
  const { entries } = read(`
defaults: {url: "http://a/old?q"}
matrix:
  server:
    tcp: {}
    unix: {unix-socket: /tmp/s}
  connections: [1, 32]
  path: [/, hello]
`);
  assertEquals(entries.map(({ name }) => name), [
    ...["tcp, connections 1, path /", "tcp, connections 1, path hello"],
    ...["tcp, connections 32, path /", "tcp, connections 32, path hello"],
    ...["unix, connections 1, path /", "unix, connections 1, path hello"],
    ...["unix, connections 32, path /", "unix, connections 32, path hello"],
  ]);
  const last = entries[7].plan;
  assertEquals([last.unixSocket, last.connections, last.targets[0].path], ["/tmp/s", 32, "/hello"]);
  const named = read("runs: [{name: a, url: h}, {name: b, url: h}]\nmatrix: {threads: [1, 2]}");
  assertEquals(named.entries.map(({ name }) => name), [
    ...["a, threads 1", "a, threads 2", "b, threads 1", "b, threads 2"],
  ]);
  assertEquals(
    read("matrix: {url: ['http://h:1', 'http://unix:/s:/x'], path: [y]}").entries
      .map(({ argv }) => argv),
    [["http://h:1/y"], ["http://unix:/s:/y"]],
  );
});

Deno.test("readBenchFile() reads variables of the environment", () => {
  const { entries } = read("runs:\n  - {url: h, header: ['A: b'], body: !env TOKEN}");
  assertEquals(entries[0].plan.body, { kind: "text", text: "secret" });
});

Deno.test("readBenchFile() reports every fault with its line", () => {
  for (
    const [text, lines] of [
      ["", ["[b.yaml:1] empty: expected title,defaults,runs,matrix"]],
      ["- a", ["[b.yaml:1] expected a mapping with title, defaults, runs, matrix"]],
      ["title: x", ["[b.yaml:1] runs or matrix is missing"]],
      ["runs: []", ["[b.yaml:1] runs: expected a list of runs"]],
      ["run: []\nruns:\n- {url: h}", [
        "[b.yaml:1] unknown key: run (allowed: title, defaults, runs, matrix)",
      ]],
      ["defaults:\n  conections: 3\nruns:\n- url: h\n  json: x\n- url: {a: b}", [
        "[b.yaml:2] unknown setting: conections: did you mean connections?",
        "[b.yaml:5] json is not a setting of a run",
        "[b.yaml:6] url: expected a value, or a list of them",
      ]],
      ["defaults:\n  duration: soon\nruns:\n- url: h\n- {name: b, url: i}", [
        "[b.yaml:2] --duration soon: not a time such as 10, 500ms, 2s, 1m30s or 1h, allowed at least 1ms",
      ]],
      ["runs:\n- url: h\n- {name: b,\n   url: 'ftp://h'}", [
        "[b.yaml:4] URL ftp://h: scheme ftp is not http, https, ws or wss",
      ]],
      ["runs:\n- {name: a, url: h}\n- {name: a, url: h}", ["[b.yaml:3] two runs are named a"]],
      ["runs:\n- {url: h, connections: [1, 2]}", [
        "[b.yaml:2] connections: it can have one value only",
      ]],
      ["runs:\n- {url: h, http2: maybe}", ["[b.yaml:2] http2: expected true or false"]],
      ["matrix: {connections: 3}", [
        "[b.yaml:1] matrix: connections: expected a list of values, or names with settings",
      ]],
      ["runs:\n- url: h\n  url: i", ["[b.yaml:3] url is there twice"]],
      ["runs: [", [
        "[b.yaml:1] not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ]],
      ["matrix:\n  a: {b: 1}", ["[b.yaml:2] matrix: a: b: expected settings"]],
    ] as const
  ) {
    assertEquals(faults(text), lines as unknown as string[], text);
  }
});
