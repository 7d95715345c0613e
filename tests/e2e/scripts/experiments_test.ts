/** The scripts that give evidence: one short experiment in full, and the words of the others. */
// Runs alone: it opens 10,000 connections as fast as it can.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { root, runProgram } from "../../support/binary.ts";

function script(name: string, args: readonly string[]) {
  return runProgram(`${root}/scripts/${name}`, args);
}

Deno.test("scripts/experiments/reuseport-distribution passes and keeps its figures", async () => {
  const { code, stdout, stderr } = await script("experiments/reuseport-distribution", []);
  assertEquals(code, 0, stdout + stderr);
  assertMatch(stdout, /10,000 connections .* \d+ and \d+: [\d.]+% and [\d.]+%/);
  assertMatch(stdout, /^PASS reuseport-distribution/m);
  const kept = JSON.parse(
    await Deno.readTextFile(`${root}/dist/experiments/reuseport-distribution.json`),
  );
  assertEquals([kept.schema, kept.passed], ["hayate-experiment/1", true]);
});

const experiments = [
  "tcp-vs-unix",
  "graceful-restart",
  "health-check",
  "reuseport-containers",
  "reuseport-behind-proxy",
];
for (const name of experiments) {
  Deno.test(`scripts/experiments/${name} --help states its question; a wrong flag is exit code 2`, async () => {
    const help = await script(`experiments/${name}`, ["--help"]);
    assertEquals(help.code, 0, help.stderr);
    assertMatch(help.stdout, new RegExp(`^usage: scripts/experiments/${name}`));
    assertMatch(help.stdout, /\?$/m);
    const wrong = await script(`experiments/${name}`, ["--nonsense"]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, "--nonsense");
  });
}

for (const name of ["soak", "chaos", "release"]) {
  Deno.test(`scripts/${name} --help describes it; unknown words are exit code 2`, async () => {
    const help = await script(name, ["--help"]);
    assertEquals(help.code, 0, help.stderr);
    assertMatch(help.stdout, new RegExp(`^usage: scripts/${name}`));
    const wrong = await script(name, ["--nonsense"]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, `usage: scripts/${name}`);
  });
}
