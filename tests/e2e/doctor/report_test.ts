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

/** `openssl.cnf` of a host, the label that is missing then, and its finding. */
const policies: readonly (readonly [lines: string, label: string, finding: string])[] = [
  ["MaxProtocol = TLSv1.2", "TLS 1.3", "tls13"],
  ["CipherString = DEFAULT@SECLEVEL=3", "rsa2048 keys", "rsa2048-keys"],
];

for (const [line, label, finding] of policies) {
  Deno.test(`doctor asks OpenSSL what it can do, under the host's ${line}`, async () => {
    const config = await Deno.makeTempFile();
    const sections = ["[init]", "ssl_conf = ssl", "[ssl]", "system_default = policy", "[policy]"];
    await Deno.writeTextFile(config, ["openssl_conf = init", ...sections, line, ""].join("\n"));
    const plain = await runHayate(["doctor", "proxy"]);
    const { stdout } = await runHayate(["doctor", "proxy"], { env: { OPENSSL_CONF: config } });
    await Deno.remove(config);
    const [summary] = stdout.split("  proxy  ");
    const [has, lacks] = summary.replace(/\n +/g, " ").split(" lacks ");
    assertMatch(has, /TLS +OpenSSL 3\.\d+\.\d+, (supported until|out of support since|how long) /);
    assert(lacks.includes(label) && !has.includes(label), summary);
    assert(plain.stdout.replace(/\n +/g, " ").split(" lacks ")[0].includes(label));
    assertMatch(stdout, new RegExp(`^WARN  ${finding} `, "m"));
  });
}
