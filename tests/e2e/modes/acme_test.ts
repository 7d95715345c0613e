/** TLS_DOMAIN of the appliance: a certificate from a real ACME server, without a configuration. */
import { assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate, startHayate } from "../../support/binary.ts";
import { Pebble, pebblePrograms } from "../../support/pebble.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";

async function issuerAt(port: number, name: string): Promise<string> {
  const openssl = peerPath("openssl");
  const command = `${openssl} s_client -connect 127.0.0.1:${port} -servername ${name} </dev/null ` +
    `2>/dev/null | ${openssl} x509 -noout -issuer`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return new TextDecoder().decode(stdout);
}

peerTest(
  [...pebblePrograms, "openssl"],
  "TLS_DOMAIN orders certificates, HUP keeps them",
  async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using pebble = await Pebble.start({ tlsPort: port });
    await using supervisor = startHayate(["supervise", "proxy"], {
      env: {
        PORTS: `127.0.0.1:${port}/tls`,
        TLS_DOMAIN: "a.example b.example",
        ACME_DIRECTORY: pebble.directory,
        ACME_CA_FILE: pebble.caFile,
        ACME_STATE: `${folder.path}/acme`,
      },
    });
    await supervisor.waitForLine("terms of service TLS_DOMAIN accepts");
    await supervisor.waitForLine("acme: a.example: certificate by Pebble");
    await supervisor.waitForLine("acme: b.example: certificate by Pebble");
    supervisor.kill("SIGHUP");
    await supervisor.waitForLine("killing old workers");
    assertStringIncludes(await issuerAt(port, "a.example"), "Pebble");
    assertStringIncludes(await issuerAt(port, "b.example"), "Pebble");
  },
);

Deno.test("an unusable TLS_DOMAIN is an error in one clear line", async () => {
  for (const name of ["*.a.example", "localhost", "127.0.0.1"]) {
    const { code, stderr } = await runHayate(["supervise", "proxy"], {
      env: { PORTS: `${freePort()}/tls`, TLS_DOMAIN: `b.example ${name}` },
    });
    assertMatch(stderr, /TLS_DOMAIN: found/);
    assertStringIncludes(stderr, name);
    assertMatch(String(code), /^1$/);
  }
});
