/** The files that `hayate load` writes, and the commands that read them again. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { IntervalJson, ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { binaryPath, runHayate, runProgram, sleep, startHayate } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}

Deno.test("load writes JSON, CSV, HDR text, a time series and HTML of one run", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const file = (name: string) => `${folder.path}/${name}`;
  const { stdout, stderr, code } = await runHayate([
    ...["load", "-d", "2", "-c", "4", "--json", file("a.json"), "--csv", file("a.csv")],
    ...["--hdr", file("a.hdr"), "--timeseries", file("a.nd"), "--html", file("a.html")],
    server.url("/fixed?ms=5"),
  ]);
  assertEquals([stderr, code], ["", 0]);
  // Files do not take the place of the text.
  assertStringIncludes(stdout, "Transfer/sec:");
  const report: ReportJson = JSON.parse(await Deno.readTextFile(file("a.json")));
  const [run] = report.runs;
  assertEquals(report.schema, "hayate-load/1");
  assertEquals(report.environment.commandLine.slice(0, 2), ["hayate", "load"]);
  assertEquals(run.intervals.length, 2);
  assertEquals(run.responsesByStatus, { "200": run.requestsAnswered });
  const sum = (intervals: readonly IntervalJson[]) =>
    intervals.reduce((total, { requests }) => total + requests, 0);
  assertEquals(sum(run.intervals), run.requestsAnswered);
  const series = lines(await Deno.readTextFile(file("a.nd"))).map((line) => JSON.parse(line));
  assertEquals(sum(series), run.requestsAnswered);
  const csv = lines(await Deno.readTextFile(file("a.csv")));
  assertMatch(csv[0], /^run,endMs,durationMs,requests,/);
  assertEquals(csv.length, 3);
  const hdr = lines(await Deno.readTextFile(file("a.hdr")));
  assertMatch(hdr[0], /^ +Value +Percentile +TotalCount 1\/\(1-Percentile\)$/);
  assertMatch(hdr.at(-4)!, new RegExp(` 1\\.000000000000 +${run.requestsAnswered}$`));
  const html = await Deno.readTextFile(file("a.html"));
  assertMatch(html, /^<!doctype html>/);
  assertEquals(/<script|https?:\/\/(?!127\.0\.0\.1|www\.w3\.org\/2000\/svg)/.test(html), false);
});

Deno.test("load --json - and --timeseries - print nothing else on stdout; -q prints nothing", async () => {
  await using server = await ReferenceServer.start();
  const json = await runHayate(["load", "-n", "5", "--json", "-", server.url("/")]);
  assertEquals((JSON.parse(json.stdout) as ReportJson).runs[0].requestsAnswered, 5);
  const series = await runHayate(["load", "-d", "1", "--timeseries", "-", server.url("/")]);
  for (const line of lines(series.stdout)) assertEquals(JSON.parse(line).run, 1);
  const quiet = await runHayate(["load", "-n", "5", "-q", server.url("/")]);
  assertEquals([quiet.stdout, quiet.stderr, quiet.code], ["", "", 0]);
});

Deno.test("load --group-by counts responses by server over all threads", async () => {
  await using server = await ReferenceServer.start();
  const url = server.url("/");
  const args = ["load", "-t2", "-c4", "-n", "100", "--group-by", "Content-Length", url];
  const { stdout, code } = await runHayate([...args, "--json", "-"]);
  assertEquals(code, 0);
  const report = JSON.parse(stdout) as ReportJson;
  const counts = Object.values(report.runs[0].responsesByFieldValue ?? {});
  assertEquals([report.plan.groupBy, counts], ["Content-Length", [100]]);
  assertMatch(
    (await runHayate(args)).stdout,
    /^Responses by Content-Length:\n {2}\d+ +100 100\.0%$/m,
  );
  const wrong = await runHayate(["load", "--group-by", "a b", url]);
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "no field name");
});

Deno.test("load reports at start that a report cannot be written", async () => {
  const result = await runHayate(["load", "--json", "/no/such/a.json", "http://127.0.0.1:9/"]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(result.stderr, "hayate load: /no/such/a.json: no such folder\n");
});

Deno.test("a full disk loses one report, not the run or the other reports", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const csv = `${folder.path}/a.csv`;
  for (const option of ["--json", "--timeseries", "--html"]) {
    const { code, stdout, stderr } = await runHayate([
      ...["load", "-d", "1500ms", "-c", "2", option, "/dev/full", "--csv", csv],
      server.url("/fixed?ms=5"),
    ]);
    assertEquals([stderr, code], ["hayate load: /dev/full: No space left on device\n", 1]);
    assertMatch(stdout, / requests in 1\.[5-9]\ds, /);
    assertEquals(lines(await Deno.readTextFile(csv)).length, 3);
  }
  const json = `${folder.path}/a.json`;
  await runHayate(["load", "-n", "5", "--json", json, server.url("/")]);
  const merged = await runHayate(["load", "merge", json, json, "-o", "/dev/full"]);
  assertEquals(merged.stderr, "hayate load merge: /dev/full: No space left on device\n");
  assertEquals(merged.code, 1);
});

Deno.test("a report that cannot be written leaves the older one unchanged", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const json = await folder.write("a.json", "older");
  await Deno.chmod(json, 0o640);
  await Deno.symlink("a.json", `${folder.path}/link.json`);
  // A limit on the size of files fails as a full disk does (setrlimit(2): EFBIG).
  const limited = await runProgram("bash", [
    "-c",
    `trap "" XFSZ; ulimit -f 1; exec "$0" "$@"`,
    ...[binaryPath, "load", "-q", "-n", "5", "--json", json, server.url("/")],
  ]);
  assertEquals([limited.code, limited.stderr], [1, `hayate load: ${json}: File too large\n`]);
  assertEquals(await Deno.readTextFile(json), "older");
  for (const path of [json, `${folder.path}/link.json`, `${folder.path}/new.json`]) {
    const done = await runHayate(["load", "-q", "-n", "5", "--json", path, server.url("/")]);
    assertEquals([done.code, done.stderr], [0, ""], path);
    assertEquals(JSON.parse(await Deno.readTextFile(path)).schema, "hayate-load/1", path);
  }
  assertEquals((await Deno.lstat(`${folder.path}/link.json`)).isSymlink, true);
  assertEquals((await Deno.stat(json)).mode! & 0o777, 0o640);
  // Interrupted before the run, a report is not touched, and nothing is left beside it.
  const waiting = startHayate([
    "load",
    "--start-at",
    "@4102444800",
    "--json",
    json,
    server.url("/"),
  ]);
  await sleep(1000);
  await waiting.stop("SIGKILL");
  assertEquals(JSON.parse(await Deno.readTextFile(json)).runs.length, 1);
  const failed = await runHayate(["load", "-s", "/no/s.js", "--json", json, server.url("/")]);
  assertEquals(failed.code, 1);
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  assertEquals(names.filter((name) => !name.startsWith(".")).sort(), [
    "a.json",
    "link.json",
    "new.json",
  ]);
});

Deno.test("reports go to /dev/stdout, to pipes, and to a stdout that is a file", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const args = ["load", "-q", "-n", "5", "--json", "/dev/stdout", server.url("/")];
  assertEquals(JSON.parse((await runHayate(args)).stdout).schema, "hayate-load/1");
  const out = `${folder.path}/out`;
  await runProgram("bash", ["-c", `exec "$0" "$@" > ${out}`, binaryPath, ...args]);
  assertEquals(JSON.parse(await Deno.readTextFile(out)).schema, "hayate-load/1");
  const fifo = `${folder.path}/fifo`;
  const script = `mkfifo ${fifo}; cat ${fifo} & "$0" load -q -n 5 --json ${fifo} "$1"; wait`;
  const piped = await runProgram("bash", ["-c", script, binaryPath, server.url("/")]);
  assertEquals(JSON.parse(piped.stdout).schema, "hayate-load/1");
});

Deno.test("reports contain no secrets of the command line unless --show-secrets", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const url = `http://me:hunter2@127.0.0.1:${server.port}/?n=1&token=hunter2`;
  const secrets = [
    "-H",
    "Authorization: Bearer hunter2",
    "-HX-Api-Key: hunter2",
    "--group-by",
    "Set-Cookie",
  ];
  for (const shows of [false, true]) {
    const [json, html] = [`${folder.path}/a.json`, `${folder.path}/a.html`];
    const flags = shows ? ["--show-secrets"] : [];
    const args = [
      "load",
      "-q",
      "-n",
      "5",
      ...secrets,
      ...flags,
      "--json",
      json,
      "--html",
      html,
      url,
    ];
    assertEquals((await runHayate(args)).code, 0);
    for (const path of [json, html]) {
      const text = await Deno.readTextFile(path);
      assertEquals(text.includes("hunter2"), shows, path);
      assertStringIncludes(text, "Authorization: ");
      assertStringIncludes(text, "n=1&");
    }
  }
});

Deno.test("a run without a response reports null and cannot be compared", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const [none, some, refused] = ["none", "some", "refused"].map((name) =>
    `${folder.path}/${name}.json`
  );
  const common = ["load", "-q", "-t1", "-c2", "-d", "1500ms"];
  await runHayate([
    ...common,
    "-R",
    "20",
    "--json",
    none,
    "--csv",
    `${folder.path}/n.csv`,
    server.url("/hang"),
  ]);
  await runHayate([...common, "--json", some, server.url("/fixed?ms=5")]);
  await runHayate([...common, "--json", refused, `http://127.0.0.1:${freePort()}/`]);
  const [run] = (JSON.parse(await Deno.readTextFile(none)) as ReportJson).runs;
  const { count, minUs, meanUs, stdevUs, maxUs, percentilesUs } = run.latency;
  assertEquals([count, minUs, meanUs, stdevUs, maxUs], [0, null, null, null, null]);
  assertEquals(new Set(Object.values(percentilesUs)), new Set([null]));
  assertEquals(run.intervals.map(({ p50Us, maxUs }) => [p50Us, maxUs])[0], [null, null]);
  assertMatch(lines(await Deno.readTextFile(`${folder.path}/n.csv`))[1], /,,,,,0$/);
  for (const [base, fresh] of [[none, none], [refused, refused], [none, some], [refused, some]]) {
    const { code, stdout, stderr } = await runHayate(["load", "compare", base, fresh]);
    assertEquals(code, 1, stdout);
    assertStringIncludes(stderr, `nothing to compare: ${base}: no request was answered`);
    assertEquals(/better|NaN|[2-9]\d\d\.\d+%/.test(stdout), false, stdout);
    assertMatch(stdout, /\np99 .* nothing to compare\n/);
  }
  const lost = await runHayate(["load", "compare", some, refused]);
  assertEquals(lost.code, 3);
  assertMatch(lost.stdout, /\nrequests\/s .* worse\np50 .* nothing to compare\n/);
  assertMatch(lost.stdout, /\nfailed +0\.000% +100\.000% .* worse\n/);
  const page = `${folder.path}/p.html`;
  assertEquals((await runHayate(["load", "plot", none, some, "-o", page])).code, 0);
  const merged = await runHayate(["load", "merge", none, none]);
  assertEquals((JSON.parse(merged.stdout) as ReportJson).runs[0].latency.maxUs, null);
});

Deno.test("load --repeat keeps every run; plot, compare and merge read them", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const [fast, slow] = [`${folder.path}/fast.json`, `${folder.path}/slow.json`];
  for (const [path, ms] of [[fast, 2], [slow, 20]]) {
    const url = server.url(`/fixed?ms=${ms}`);
    const args = [
      "load",
      "-q",
      "-d",
      "600ms",
      "-c",
      "2",
      "--repeat",
      "3",
      "--json",
      `${path}`,
      url,
    ];
    assertEquals((await runHayate(args)).code, 0);
  }
  const worse = await runHayate(["load", "compare", fast, slow]);
  assertEquals(worse.code, 3);
  assertMatch(worse.stdout, /\nrequests\/s .* worse\np50 .* worse\n/);
  const better = await runHayate(["load", "compare", slow, fast]);
  assertEquals(better.code, 0);
  assertMatch(better.stdout, /\np50 .* better\n/);
  const merged = await runHayate(["load", "merge", fast, slow]);
  const parts = await Promise.all([fast, slow].map(async (path) => {
    return (JSON.parse(await Deno.readTextFile(path)) as ReportJson).runs;
  }));
  (JSON.parse(merged.stdout) as ReportJson).runs.forEach((run, index) => {
    const counts = parts.map((runs) => runs[index].requestsAnswered);
    assertEquals(run.requestsAnswered, counts[0] + counts[1]);
    assertEquals(run.latency.count, counts[0] + counts[1]);
    const maxima = parts.map((runs) => runs[index].latency.maxUs!);
    assertEquals(run.latency.maxUs, Math.max(...maxima), "of either: a machine may stall");
  });
  const svg = `${folder.path}/p.svg`;
  assertEquals((await runHayate(["load", "plot", fast, slow, "-o", svg])).code, 0);
  const picture = await Deno.readTextFile(svg);
  assertMatch(picture, /^<svg /);
  for (const name of ["fast 1", "fast 3", "slow 2"]) assertStringIncludes(picture, name);
});

Deno.test("merge reads what several machines print, and gives one text and one verdict", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const runs = await Promise.all(
    [1, 2, 3].map(() =>
      runHayate(["load", "-q", "-d", "1500ms", "-c", "2", "--json", "-", server.url("/fixed?ms=5")])
    ),
  );
  const logs = await folder.write(
    "logs",
    runs.map(({ stdout }) => `a line of a log\n${stdout}`).join(""),
  );
  const all = `${folder.path}/all.json`;
  const merge = (...args: string[]) =>
    runProgram("sh", ["-c", `"$0" load merge "$@" < ${logs}`, binaryPath, ...args]);
  const { code, stdout } = await merge("-o", all);
  assertEquals(code, 0);
  const [run] = (JSON.parse(await Deno.readTextFile(all)) as ReportJson).runs;
  const sum = runs.reduce(
    (total, one) => total + (JSON.parse(one.stdout) as ReportJson).runs[0].requestsAnswered,
    0,
  );
  assertEquals(run.requestsAnswered, sum);
  assertMatch(stdout, /^Running 2s test @ http:.*\n {2}\d+ threads and 6 connections\n/);
  assertMatch(stdout, new RegExp(`\n  ${sum} requests in .*\nRequests/sec: `));
  const beside = await merge("-");
  assertEquals((JSON.parse(beside.stdout) as ReportJson).runs[0].requestsAnswered, sum);
  assertStringIncludes(beside.stderr, `  ${sum} requests in`);
  const broken = await merge("-o", all, "--fail-if", "p50>1ms", "--fail-if", "errors>0");
  assertEquals(broken.code, 3);
  assertMatch(broken.stderr, /^threshold failed: p50>1ms \(measured \d/m);
  const one = await folder.write("one", runs[0].stdout);
  const alone = await runHayate(["load", "merge", one]);
  assertEquals([alone.code, alone.stderr], [
    1,
    "hayate load merge: 1 report found, at least 2 are needed to merge\n",
  ]);
});

Deno.test("merge says when the machines did not run together", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const paths = [`${folder.path}/a.json`, `${folder.path}/b.json`];
  for (const path of paths) {
    await runHayate(["load", "-q", "-d", "500ms", "-c", "1", "--json", path, server.url("/")]);
  }
  const { code, stderr } = await runHayate(["load", "merge", ...paths]);
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^run 1: the machines ran together for 0\.0 s of 0\.5 s; its rates are those/m,
  );
});

Deno.test("plot, compare and merge explain in one line what is wrong with a file", async () => {
  await using folder = await tempFolder();
  const broken = await folder.write("b.json", "{");
  const other = await folder.write("o.json", '{"schema":"x"}');
  for (
    const [path, complaint] of [
      ["/no/such.json", "no such file"],
      [broken, "not JSON"],
      [other, "not a report of hayate load --json"],
    ]
  ) {
    const { code, stderr } = await runHayate(["load", "compare", path, path]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `hayate load compare: ${path}: ${complaint}`);
    assertEquals(lines(stderr).length, 1);
  }
  assertEquals((await runHayate(["load", "plot", broken, "-o", "x.png"])).code, 2);
});

Deno.test("plot, compare and merge name what a report lacks and where", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const good = `${folder.path}/good.json`;
  const run = await runHayate([
    "load",
    "-n",
    "10",
    "-c",
    "1",
    "-q",
    "--json",
    good,
    server.url("/"),
  ]);
  assertEquals(run.code, 0, run.stderr);
  const report = JSON.parse(await Deno.readTextFile(good));
  const [first] = report.runs;
  const broken: [unknown, string][] = [
    [{ ...report, runs: [null] }, "runs[0] is null, expected an object"],
    [{ ...report, runs: {} }, "runs is an object, expected a list of at least 1"],
    [
      { ...report, runs: [{ ...first, latency: undefined }] },
      "runs[0].latency is missing, expected an object",
    ],
    [
      { ...report, runs: [{ ...first, requestsSent: "9" }] },
      'runs[0].requestsSent is "9", expected a whole number from 0',
    ],
    [
      { ...report, runs: [{ ...first, latency: { ...first.latency, percentilesUs: null } }] },
      "runs[0].latency.percentilesUs is null, expected an object",
    ],
    [{ ...report, environment: undefined }, "environment is missing, expected an object"],
  ];
  const bad = `${folder.path}/bad.json`;
  for (const [value, complaint] of broken) {
    await Deno.writeTextFile(bad, JSON.stringify(value));
    for (const args of [["compare", good, bad], ["merge", good, bad], ["plot", bad, "-o", "-"]]) {
      const { code, stdout, stderr } = await runHayate(["load", ...args]);
      assertEquals([code, stdout], [1, ""], args[0]);
      assertEquals(stderr, `hayate load ${args[0]}: ${bad}: ${complaint}\n`);
    }
  }
  const cut = { ...first.latency, hdrV2Base64: "AAAA" };
  await Deno.writeTextFile(bad, JSON.stringify({ ...report, runs: [{ ...first, latency: cut }] }));
  for (const args of [["merge", good, bad], ["plot", bad, "-o", "-"]]) {
    const { code, stderr } = await runHayate(["load", ...args]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `${bad}: runs[0].latency.hdrV2Base64: Cannot decode`);
    assertEquals(lines(stderr).length, 1);
  }
});

/** What the browser has made of a page: its text, and how wide it came out. */
async function render(page: string, columns: number): Promise<string> {
  await using profile = await tempFolder();
  const { stdout } = await runProgram(peerPath("chromium"), [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    `--user-data-dir=${profile.path}`,
    `--window-size=${columns},800`,
    "--virtual-time-budget=2000",
    "--dump-dom",
    `file://${page}`,
  ]);
  return stdout;
}

peerTest("chromium", "the HTML report fits a phone and shows every part in a browser", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const page = `${folder.path}/r.html`;
  const args = ["load", "-q", "-d", "1", "-R", "200", "--timeout", "500ms", "--html", page];
  assertEquals((await runHayate([...args, server.url("/status?code=503")])).code, 0);
  // The page itself has no script: this one only reports how wide the page came out.
  const probe = `<script>addEventListener("load", () => document.title =
    "overflow " + (document.documentElement.scrollWidth - innerWidth));</script></body>`;
  await Deno.writeTextFile(page, (await Deno.readTextFile(page)).replace("</body>", probe));
  const dom = await render(page, 500);
  assertEquals(Number(/<title>overflow (-?\d+)</.exec(dom)![1]) <= 0, true);
  for (
    const part of [
      "Requests per second",
      "Latency over time",
      "Latency by percentile",
      "service time",
      "Failed requests per second",
      "<td>status</td><td>503</td>",
      "Environment",
    ]
  ) assertStringIncludes(dom, part);
  assertEquals(dom.match(/<polyline/g)!.length >= 7, true);
});
