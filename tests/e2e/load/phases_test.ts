/** `hayate load --phases` on real connections. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runHayate } from "../../support/binary.ts";
import { measure } from "../../support/load.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

Deno.test("load --phases counts each phase of connections and requests, over TLS and both versions", async () => {
  await using folder = await tempFolder();
  const certificate = `${folder.path}/c.pem`, keyFile = `${folder.path}/k.pem`;
  writeSelfSigned(["localhost"], certificate, keyFile);
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(certificate),
    key: await Deno.readTextFile(keyFile),
    onListen: () => {},
  }, () => new Response("ok"));
  const url = `https://localhost:${server.addr.port}/`;
  const connectTo = ["--connect-to", `localhost:${server.addr.port}:127.0.0.1:${server.addr.port}`];
  for (
    const [flags, made] of [
      ["-c 3", 3],
      ["-c 2 --no-keepalive", 30],
      ["-c 2 -m 4 --http2", 2],
      ["-t 2 -c 4 -R 100", 4],
    ] as const
  ) {
    // Once over each reactor for each version.
    const reactors = /^-c 3$|http2/.test(flags) ? ["portable", "epoll"] : ["epoll"];
    for (const reactor of reactors) {
      const env = { HAYATE_REACTOR: reactor };
      const args = ["load", "-k", "-n", "30", "--phases", "--json", "-", ...flags.split(" ")];
      const { stdout, stderr } = await runHayate([...args, ...connectTo, url], { env });
      assertEquals(stderr, "");
      const [run] = (JSON.parse(stdout) as ReportJson).runs;
      const phases = run.phases!;
      const counts = [phases.connect, phases.tls, phases.firstByte, phases.transfer];
      const opened = run.connections.made;
      assertEquals(counts.map((time) => time!.count), [opened, opened, 30, 30], flags);
      // One more than needed may have begun when the last response came.
      assert(opened >= made && opened <= made + 1, `${opened}`);
      // 127.0.0.1 needs no lookup.
      assertEquals(phases.dns, null);
      const sum = phases.connect!.meanUs! + phases.tls!.meanUs!;
      assert(Math.abs(sum - run.connectTime.meanUs!) <= 2 + sum / 200, `${sum}`);
    }
  }
  const { stdout } = await runHayate(["load", "-k", "-n", "30", "--phases", url]);
  const cells = "( +[\\d.]+(us|ms|s)){5}";
  const rows = `  DNS ${cells} +1\n  Connect ${cells} +\\d+\n  TLS ${cells} +\\d+\n` +
    `  First byte ${cells} +30\n  Transfer ${cells} +30\n`;
  assertMatch(
    stdout,
    new RegExp(`\nPhases: +Avg +p50 +p90 +p99 +Max +Count\n${rows}`.replaceAll("  ", " +")),
  );
});

Deno.test("load --fail-if judges phases, --html shows them, merge adds them up", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const url = server.url("/fixed?ms=20");
  const json = `${folder.path}/a.json`, html = `${folder.path}/a.html`;
  const args = ["load", "-q", "-c2", "-n", "10", "--phases", "--json", json, "--html", html];
  const slow = await runHayate([...args, "--fail-if", "ttfb-p50>10ms", url]);
  assertEquals(slow.code, 3);
  const fast = await runHayate([...args, "--fail-if", "transfer-p99>10s", url]);
  assertEquals(fast.code, 0);
  assertMatch(await Deno.readTextFile(html), /Phases by percentile[^]*First byte/);
  const merged = await runHayate(["load", "merge", json, json, "--fail-if", "ttfb-min>10ms"]);
  assertEquals(merged.code, 3);
  const { runs: [run] } = JSON.parse(merged.stdout) as ReportJson;
  assertEquals([run.phases!.firstByte!.count, run.phases!.tls, run.phases!.dns], [20, null, null]);
  assertMatch(merged.stderr, /\n {2}First byte .* 20\n/);
  const refused = await runHayate(["load", "--fail-if", "tls-p99>1ms", url]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /--fail-if tls-p99>1ms: needs --phases/);
});

Deno.test("load without --phases has none in its report", async () => {
  await using server = await ReferenceServer.start();
  const run = await measure("-n", "5", server.url("/"));
  assertEquals(run.phases, null);
});
