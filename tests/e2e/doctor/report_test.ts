/** `hayate doctor`, end to end. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { binaryPath, runHayate, runProgram } from "../../support/binary.ts";

Deno.test("doctor reports OK, WARN or FAIL for each mode, and its exit code is 1 on a FAIL", async () => {
  const { code, stdout, stderr } = await runHayate(["doctor"]);
  assertEquals(stderr, "");
  assertMatch(stdout, /^This host: \d+ CPUs, /);
  for (const mode of ["load", "serve", "supervise", "proxy"]) {
    assertMatch(stdout, new RegExp(`^  ${mode} +(OK$|(WARN|FAIL)  [a-z])`, "m"));
  }
  assertEquals(code, /^FAIL/m.test(stdout) ? 1 : 0);
});

Deno.test("doctor --json contains the facts of this host", async () => {
  const { code, stdout } = await runHayate(["doctor", "--json"]);
  const document = JSON.parse(stdout);
  assertEquals(document.schema, "hayate-doctor/2");
  assertEquals(code, document.ok ? 0 : 1);
  const somaxconn = await Deno.readTextFile("/proc/sys/net/core/somaxconn");
  assertEquals(document.facts.somaxconn, Number(somaxconn));
});

Deno.test("doctor reports a small ulimit with the command to fix it", async () => {
  const script = 'ulimit -n 256 && exec "$0" doctor load';
  const { code, stdout } = await runProgram("bash", ["-c", script, binaryPath]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "open-file limit is 256 (ulimit -Hn)");
  assertMatch(stdout, /\$ (ulimit -Hn|docker run --ulimit nofile=)/);
  assert(!stdout.includes("  proxy  "), "only the given mode is checked");
});

Deno.test("doctor refuses an unknown mode with the nearest one", async () => {
  const { code, stderr } = await runHayate(["doctor", "serv"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "hayate doctor: serv: not a mode, did you mean serve?");
});
