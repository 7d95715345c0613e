/** The supervisor's certificate as workers get it. */
import { assertEquals, assertMatch } from "@std/assert";
import { describeStaleMount } from "../../../mod/config/default_file.ts";
import { libcProcess } from "../../../mod/sys/libc_process.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { prepareAppliance, readAppliance } from "../../../mod/tls/appliance.ts";
import { AlpnSelector } from "../../../mod/tls/alpn.ts";
import { ServerContext } from "../../../mod/tls/server_context.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();
AlpnSelector.shared(true);

const prSetDumpable = 4;

/** Runs `body` as in a program with file capabilities, whose /proc/PID/fd others cannot open. */
function undumpable(body: () => void): void {
  libcProcess.prctl(prSetDumpable, 0n, 0n, 0n, 0n);
  try {
    body();
  } finally {
    libcProcess.prctl(prSetDumpable, 1n, 0n, 0n, 0n);
  }
}

function checkSelfSigned(isRoot = false): Record<string, string> {
  const appliance = prepareAppliance(["443"], {}, undefined, isRoot);
  assertMatch(appliance.note, /^TLS on 443 with a self-signed certificate for localhost/);
  const inherited = readAppliance((name) => appliance.variables[name]);
  assertEquals([...inherited!.sockets], ["443"]);
  const { certificateFile } = inherited!.identities[0].certificates[0];
  assertEquals(describeStaleMount(certificateFile), null);
  new ServerContext({ identities: inherited!.identities }).free();
  appliance.dispose();
  return { ...appliance.variables };
}

Deno.test("A self-signed pair is in files in memory, which end with the supervisor", () => {
  const variables = checkSelfSigned();
  assertMatch(variables["HAYATE_CERT"], /^\/proc\/\d+\/fd\/\d+$/);
  assertEquals(variables["HAYATE_SELF_SIGNED"], undefined);
});

Deno.test("Where workers cannot open these, they get the pair itself, and no folder is written", () => {
  const temporary = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/proc");
  undumpable(() => {
    const variables = checkSelfSigned();
    assertMatch(
      variables["HAYATE_SELF_SIGNED"],
      /^-----BEGIN CERTIFICATE[\s\S]*PRIVATE KEY-----\n$/,
    );
    assertEquals(variables["HAYATE_CERT"], undefined);
  });
  assertMatch(checkSelfSigned(true)["HAYATE_SELF_SIGNED"], /^-----BEGIN CERTIFICATE/);
  if (temporary === undefined) Deno.env.delete("TMPDIR");
  else Deno.env.set("TMPDIR", temporary);
});
