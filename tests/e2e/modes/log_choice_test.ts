/** `--log-format json` and `--log-to`: every line of the supervisor and of its workers, in one form and place. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ChildResult, runHayate, startHayate } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { startServerLink } from "../../support/supervise.ts";
import { runProgram } from "../../support/binary.ts";

const patient = { waitTimeoutMs: 40_000, stopTimeoutMs: 40_000 };
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Runs a server until it is ready, then ends it. */
async function runOnce(
  args: readonly string[],
  ready: RegExp,
  env: Record<string, string> = {},
): Promise<ChildResult> {
  const child = startHayate(args, { ...patient, env });
  await child.waitForLine(ready);
  return await child.stop();
}

function assertJson(text: string): Record<string, unknown>[] {
  assert(text !== "");
  return text.trimEnd().split("\n").map((line) => {
    const { time, level, msg, ...fields } = JSON.parse(line);
    // RFC 3339 5.6, in UTC.
    assertMatch(time, stamp, line);
    assert(["info", "notice", "warn", "error"].includes(level) && typeof msg === "string", line);
    return { level, msg, ...fields };
  });
}

const site = "hosts: {default: {paths: {/: {redirect: 'http://new.test/'}}}}\n";

for (const byVariable of [false, true]) {
  const way = byVariable ? "HAYATE_LOG_FORMAT, HAYATE_LOG_TO" : "--log-format, --log-to";
  const env = byVariable ? { HAYATE_LOG_FORMAT: "json", HAYATE_LOG_TO: "stdout" } : {};
  const flags = byVariable ? [] : ["--log-format", "json", "--log-to", "stdout"];

  Deno.test(`${way}: supervisor, proxy and serve`, async () => {
    await using folder = await tempFolder();
    const config = await folder.write("h2o.conf", site);
    const listen = () => `127.0.0.1:${freePort()}`;
    const runs: readonly (readonly [string[], RegExp])[] = [
      [
        ["supervise", ...flags, "--port", listen(), "serve", "-w", "2", "--text", "x"],
        /listening on/,
      ],
      [["supervise", ...flags, "--port", listen(), "proxy", "-c", config], /starting new worker/],
      [["serve", ...flags, "-w", "2", "--port", listen(), "--text", "x"], /listening on/],
    ];
    for (const [args, ready] of runs) {
      const { stdout, stderr } = await runOnce(args, ready, env);
      assertEquals(stderr, "");
      const lines = assertJson(stdout);
      const names = new Set(lines.map(({ name }) => name));
      if (args[0] === "supervise") assert(names.has("supervise"), stdout);
      if (args.includes("serve")) assert(names.has("serve"), stdout);
    }
  });

  Deno.test(`${way}: a start that fails`, async () => {
    const args = ["supervise", ...flags, "--port", "0", "proxy", "-c", "/no/such/file"];
    const { code, stdout, stderr } = await runHayate(args, { ...patient, env });
    assertEquals([code, stderr], [78, ""]);
    const lines = assertJson(stdout);
    assert(
      lines.some(({ name, level, msg }) =>
        name === "proxy" && level === "error" && msg === "cannot read /no/such/file: no such file"
      ),
      stdout,
    );
    assert(lines.some(({ event, level }) => event === "gave-up" && level === "error"), stdout);
  });
}

Deno.test("lines go to standard error by default, with a time; start_server's have none", async () => {
  await using folder = await tempFolder();
  const { stdout, stderr } = await runHayate(["supervise", "--", "sh", "-c", "exit 3"], patient);
  assertEquals(stdout, "");
  for (const line of stderr.trimEnd().split("\n")) {
    assertMatch(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \[(info|warn|error)\] \S/);
  }
  const link = await startServerLink(folder);
  const other = await runProgram(
    link,
    ["--max-start-failures=1", "--", "sh", "-c", "exit 3"],
    patient,
  );
  assertMatch(other.stderr, /^start_server \(pid:\d+\) starting now\.\.\.\nstarting new worker/);
});

Deno.test("--log-to stdout includes the output of other programs", async () => {
  const script = "echo to stderr >&2; echo to stdout; exit 3";
  const args = ["supervise", "--log-to", "stdout", "--", "sh", "-c", script];
  const { stdout, stderr } = await runHayate(args, patient);
  assertEquals(stderr, "");
  assert(stdout.includes("to stderr\n") && stdout.includes("to stdout\n"), stdout);
  assert(stdout.includes("giving up: exit code 3"), stdout);
});

Deno.test("a wrong choice is an error in one line", async () => {
  const env = { HAYATE_LOG_FORMAT: "xml" };
  const { code, stderr } = await runHayate(["supervise", "--", "true"], { ...patient, env });
  assertEquals([code, stderr], [
    2,
    "hayate supervise: HAYATE_LOG_FORMAT=xml: allowed are text, json\n",
  ]);
});
