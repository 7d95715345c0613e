/** `hayate load --on ssh:...`: one run of several machines, with real servers of OpenSSH. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { MachineJson } from "../../../mod/load/report/json/machine_json.ts";
import type { ReportJson, RunJson } from "../../../mod/load/report/json/report_json.ts";
import { type Child, runHayate, startHayate } from "../../support/binary.ts";
import { trySignal } from "../../support/child.ts";
import { processExists } from "../../../mod/process/signals/signals.ts";
import { peerTest, testThatNeeds } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";
import { type SshHosts, sshPrograms, startHosts } from "../../support/ssh_hosts.ts";

/** Starting a program of 100 MB three times takes its time on a busy machine. */
const patient = { waitTimeoutMs: 120_000 };

/** Hosts that have the program already. */
async function readyHosts(
  count: number,
  variables?: (index: number) => Record<string, string>,
): Promise<SshHosts> {
  const hosts = await startHosts(count, variables);
  for (let index = 0; index < count; index++) await hosts.placeProgram(index);
  return hosts;
}

async function reportAt(path: string): Promise<{ report: ReportJson; run: RunJson }> {
  const report = JSON.parse(await Deno.readTextFile(path)) as ReportJson;
  return { report, run: report.runs[0] };
}

const shares = (machines: readonly MachineJson[] | null) =>
  (machines ?? []).map(({ name, connections, requestsAnswered }) => ({
    name,
    connections,
    requestsAnswered,
  }));

peerTest(
  sshPrograms,
  "load --on ssh runs one test from three machines, to the request",
  async () => {
    await using server = await ReferenceServer.start();
    await using hosts = await readyHosts(3);
    await using folder = await tempFolder();
    await folder.write("lib/path.ts", 'export const path: string = "/?t";\n');
    await folder.write("body.bin", "x".repeat(100_000));
    await folder.write(
      "s.ts",
      'import { path } from "./lib/path.ts";\n' +
        'export function setup(thread) { thread.set("id", thread.index); }\n' +
        "export function init() { globalThis.sent = 0; }\n" +
        "export function request() { globalThis.sent++; return { path: path + globalThis.id }; }\n" +
        'export function done(summary) { console.log("done", summary.requests); }\n',
    );
    await server.stats();
    const { stdout, stderr, code } = await runHayate([
      ...["load", ...hosts.flags(3), "-s", "s.ts", "--body-file", "body.bin", "-X", "POST"],
      ...["-c", "10", "-n", "1000", "--json", "all.json", "--fail-if", "errors>0", server.url("/")],
    ], { cwd: folder.path, ...patient });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Running 1000 requests test @ .*\n {2}3 threads and 10 connections\n/);
    assertEquals(stdout.match(/ requests in |Requests\/sec:/g)?.length, 2);
    assertMatch(stdout, /\n {2}1000 requests in [^]*\ndone 1000\n$/);
    const stats = await server.stats();
    assertEquals(stats.byTarget, { "POST /?t0": 334, "POST /?t1": 333, "POST /?t2": 333 });
    const { report, run } = await reportAt(`${folder.path}/all.json`);
    assertEquals([run.requestsAnswered, run.latency.count, run.responsesByStatus["200"]], [
      ...[1000, 1000, 1000],
    ]);
    assertEquals([run.bytesSent, run.bytesRead], [stats.bytesIn, stats.bytesOut]);
    assertEquals([report.plan.connections, report.plan.threads], [10, 3]);
    assertEquals(shares(run.machines), [
      { name: "h1", connections: 4, requestsAnswered: 334 },
      { name: "h2", connections: 3, requestsAnswered: 333 },
      { name: "h3", connections: 3, requestsAnswered: 333 },
    ]);
  },
);

const faketime = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;
const missing = await Deno.stat(faketime).then(() => [], () => ["faketime"]);

testThatNeeds(missing, "load --on starts machines together whose clocks differ", async () => {
  await using server = await ReferenceServer.start();
  const skewed = { LD_PRELOAD: faketime, FAKETIME: "+3600", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  await using hosts = await readyHosts(2, (index) => index === 1 ? skewed : {});
  await using folder = await tempFolder();
  await folder.write("words", "one\ntwo\n");
  await server.stats();
  const json = `${folder.path}/all.json`;
  const { code, stderr } = await runHayate([
    ...["load", ...hosts.flags(2), "-c", "5", "-R", "111", "-d", "2s", "--repeat", "2"],
    ...["--json", json, "--template", "-H", "Word: {line:words}", server.url("/?{seq:1}")],
  ], { cwd: folder.path, ...patient });
  assertEquals([code, stderr], [0, ""]);
  const { runs } = (await reportAt(json)).report;
  for (const run of runs) {
    assertEquals([run.schedule?.requestsDue, run.schedule?.askedRequestsPerSecond], [222, 111]);
    // Both measured the same two seconds, which the sum would otherwise stretch to an hour.
    assert(run.measuredMs < 60_000, `${run.measuredMs}`);
    assert(Math.abs(Date.parse(run.startedAt) - Date.now()) < 600_000, run.startedAt);
    const [straight, ahead] = run.machines!;
    assert(Math.abs(straight.clockOffsetMs) < 1000, `${straight.clockOffsetMs}`);
    assert(Math.abs(ahead.clockOffsetMs - 3600_000) < 1000, `${ahead.clockOffsetMs}`);
  }
  const sent = runs.reduce((sum, run) => sum + run.requestsSent, 0);
  const stats = await server.stats();
  assertEquals(stats.requests, sent);
  // The machines count as one: no number comes twice in a run.
  assertEquals(
    Object.keys(stats.byTarget).length,
    Math.max(...runs.map((run) => run.requestsSent)),
  );
});

/** Waits until all machines send, and returns their pids. */
async function machinesAtWork(child: Child, hosts: SshHosts, count: number): Promise<number[]> {
  await child.waitForLine("threads and");
  return Array.from({ length: count }, (_, index) => hosts.machinePid(index)!);
}

peerTest(
  sshPrograms,
  "load --on: a lost machine is said, and exit 1 unless --allow-lost",
  async () => {
    await using server = await ReferenceServer.start();
    await using hosts = await readyHosts(2);
    for (const [flags, code] of [[[], 1], [["--allow-lost", "1"], 0]] as const) {
      await using child = startHayate([
        ...[
          "load",
          ...hosts.flags(2),
          ...flags,
          "-c",
          "4",
          "-R",
          "50",
          "-d",
          "3s",
          server.url("/"),
        ],
      ], patient);
      const [, pid] = await machinesAtWork(child, hosts, 2);
      trySignal(pid, "SIGKILL");
      const result = await child.result();
      assertMatch(result.stderr, /^hayate load: h2 is lost: ssh ended with exit code \d+\n$/);
      assertMatch(
        result.stdout,
        /\n {2}75 requests in [^]*\nMachine h2: lost, and in no figure: ssh /,
      );
      assertEquals(result.code, code);
    }
  },
);

peerTest(sshPrograms, "load --on: hosts that refuse, or have another key, are said", async () => {
  await using server = await ReferenceServer.start();
  await using hosts = await readyHosts(3);
  // h2 is where nothing listens; h3 has the key of h1 in known_hosts.
  const config = await Deno.readTextFile(hosts.configPath);
  await Deno.writeTextFile(hosts.configPath, `Host h2\n  Port 1\n${config}`);
  const known = await Deno.readTextFile(hosts.knownHostsPath);
  const keys = known.trim().split("\n").map((line) => line.split(" "));
  keys[2][2] = keys[0][2];
  await Deno.writeTextFile(
    hosts.knownHostsPath,
    keys.map((words) => `${words.join(" ")}\n`).join(""),
  );
  await server.stats();
  const args = [...hosts.flags(3), "-c", "5", "-n", "101", server.url("/")];
  const failed = await runHayate(["load", ...args], patient);
  assertEquals([failed.code, failed.stdout, (await server.stats()).requests], [1, "", 0]);
  const lines = failed.stderr.trim().split("\n").sort();
  assertMatch(lines[0], /^hayate load: 1 of 3 machines can take part, at least 3 are needed/);
  assertMatch(lines[1], /^hayate load: h2 did not come: ssh .*: Connection refused$/);
  assertMatch(lines[2], /^hayate load: h3 did not come: ssh .*: Host key verification failed\.$/);
  // The share of those that do not come goes to those that do.
  const passed = await runHayate(["load", "--allow-lost", "2", ...args], patient);
  assertMatch(passed.stdout, /\n {2}101 requests in /);
  assertEquals([passed.code, (await server.stats()).requests], [0, 101]);
});

peerTest(
  sshPrograms,
  "load --on: Ctrl-C and the end of the coordinator end all machines",
  async () => {
    await using server = await ReferenceServer.start();
    await using hosts = await readyHosts(2);
    const args = ["load", ...hosts.flags(2), "-c", "4", "-R", "100", "-d", "10m", server.url("/")];
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      await using child = startHayate(args, { ...patient, stopTimeoutMs: 60_000 });
      const pids = await machinesAtWork(child, hosts, 2);
      const { stdout, code } = await child.stop(signal);
      if (signal === "SIGINT") {
        assertMatch(stdout, /\n {2}\d+ requests in [\d.]+\w+, [^]*\nRate: /);
        assertEquals(code, 130);
      }
      for (const pid of pids) {
        const ended = () => processExists(pid) ? null : true;
        await server.child.waitUntil(`the end of ${pid}`, ended);
      }
    }
  },
);
