/** `hayate load --replay` against a server that keeps when and what it was asked. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

function line(second: number, request: string): string {
  const clock = new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString().slice(11, 19);
  return `203.0.113.9 - - [31/Jan/2026:${clock} +0000] "${request}" 200 5 "-" "curl/8"`;
}

for (const flags of [["-t1"], ["-t2", "-c4"], ["--http2", "-m", "4"]]) {
  Deno.test(`load --replay ${flags.join(" ")} sends what the log has, in its order and time`, async () => {
    await using folder = await tempFolder();
    const got: { atMs: number; request: string }[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      ({ method, url, headers }) => {
        const { pathname, search } = new URL(url);
        const agent = headers.get("user-agent");
        got.push({ atMs: performance.now(), request: `${method} ${pathname}${search} ${agent}` });
        return new Response("ok");
      },
    );
    const lines = [
      ...[line(1, "GET /a?n=1 HTTP/1.1"), line(1, "POST /b HTTP/1.1"), "not a line of a log"],
      ...[line(1, "GET /c HTTP/2"), line(1, "DELETE /d HTTP/1.0"), line(3, "GET /e HTTP/1.1")],
    ];
    const log = await folder.write("access.log", `${lines.join("\n")}\n`);
    const url = `http://127.0.0.1:${server.addr.port}`;
    const args = ["load", "--replay", log, "--speed", "2", "-H", "User-Agent: me"];
    const { code, stdout } = await runHayate([...args, ...flags, "--json", "-", url]);
    assertEquals(code, 0);
    const { runs: [run] } = JSON.parse(stdout) as ReportJson;
    assertEquals(run.replay, { badLines: 1, requestsWithoutBody: 1 });
    assertEquals([run.requestsAnswered, run.requestsFailed, run.schedule!.requestsDue], [5, 0, 5]);
    assertEquals(got.map(({ request }) => request).sort(), [
      ...["DELETE /d me", "GET /a?n=1 me", "GET /c me", "GET /e me", "POST /b me"],
    ]);
    // The last one is due a second after the first, which has its connection made before it.
    assert(got[4].atMs - got[0].atMs >= 400, `${got[4].atMs - got[0].atMs}`);
    assertEquals(got[4].request, "GET /e me");
  });
}

Deno.test("load --replay says what it could not send, ends with -d, and refuses what the log decides", async () => {
  await using folder = await tempFolder();
  await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("ok"));
  const url = `http://127.0.0.1:${server.addr.port}`;
  const lines = [line(1, "PUT /b HTTP/1.1"), "bad", line(2, "GET / HTTP/1.1")];
  const log = await folder.write("a.log", [...lines, line(600, "GET /late HTTP/1.1")].join("\n"));
  const { stdout } = await runHayate(["load", "--replay", log, "-d", "1500ms", url]);
  assertStringIncludes(
    stdout,
    "\nReplay: 2 of 2 requests of the log, 1 lines are no requests, 1 sent without the body",
  );
  assertMatch(stdout, /^Running 2s test @ /);
  for (
    const [flags, code, message] of [
      [["--replay", log, "-R", "5", url], 2, "--replay and --rate cannot be combined"],
      [["--replay", log, `${url}/path`], 2, "with --replay it has no path"],
      [["--speed", "2", url], 2, "--speed needs --replay"],
      [["--replay", "/no/such", url], 1, "/no/such: no such file"],
    ] as const
  ) {
    const result = await runHayate(["load", ...flags]);
    assertEquals(result.code, code, result.stderr);
    assertStringIncludes(result.stderr, message);
  }
});
