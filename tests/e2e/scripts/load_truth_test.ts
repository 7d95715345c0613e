/** `scripts/load-truth`: the truth is found, and a lie is too. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, root, runProgram } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

const script = `${root}/scripts/load-truth`;
const options = { waitTimeoutMs: 300_000 };

Deno.test("load reports what a known server did, over both versions and TLS", async () => {
  const { code, stdout, stderr } = await runProgram(script, ["--short"], options);
  assertEquals([code, stderr], [0, ""], stdout);
  const titles = [...stdout.matchAll(/^(\w+), (.*)$/gm)].map(([, name]) => name);
  const names = ["counts", "errors", "closes", "delays", "omission", "rates", "phases"];
  assertEquals(titles, names.flatMap((name) => [name, name, name, name]));
  assertMatch(stdout, /^load-truth: (\d+) of \1 figures hold$/m);
});

Deno.test("a figure that is off is named, and the exit code is 1", async () => {
  await using folder = await tempFolder();
  // One answer more than there was, and a latency that is too short.
  const liar = await folder.write(
    "liar",
    `#!/bin/sh\n'${binaryPath}' "$@" | sed -e 's/"requestsAnswered": 4/"requestsAnswered": 5/' ` +
      `-e 's/"p99": [0-9.]*/"p99": 1/'\n`,
    0o755,
  );
  const env = { HAYATE_BINARY: liar };
  const only = ["--short", "--only", "counts", "--only", "HTTP/2 over"];
  const counts = await runProgram(script, only, { ...options, env });
  assertEquals([counts.code, counts.stderr], [1, ""]);
  assertMatch(counts.stdout, /^ {2}requests answered +400 +500 +100 +exact +OFF$/m);
  assertEquals(counts.stdout.match(/OFF$/gm)?.length, 1);
  const delays = ["--short", "--only", "delays", "--only", "1.1 over"];
  const times = await runProgram(script, delays, { ...options, env });
  assertEquals(times.code, 1);
  assertMatch(times.stdout, /^ {2}latency p99, us .* not less +OFF$/m);
});

Deno.test("load-truth says what it cannot do", async () => {
  const help = await runProgram(script, ["--help"]);
  assertEquals(help.code, 0);
  assertMatch(help.stdout, /^usage: scripts\/load-truth /);
  for (const args of [["--loud"], ["--only"], ["--only", "nothing like that"]]) {
    const { code, stderr } = await runProgram(script, args);
    assertEquals(code, 2);
    assert(stderr.startsWith("load-truth: "), stderr);
  }
});
