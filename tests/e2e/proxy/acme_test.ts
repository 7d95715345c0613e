/** Certificates from a real ACME server: first order, both challenges, renewal, faults. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Pebble, pebblePrograms } from "../../support/pebble.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";

const programs = [...pebblePrograms, "openssl"];

/** Listeners of a.example, and what else is on the global level. */
function configOf(pebble: Pebble, ports: { tls: number; http: number | null }, more = ""): string {
  const plain = ports.http === null ? "" : `  - {port: ${ports.http}, host: 127.0.0.1}\n`;
  return `acme:
  accept-tos: YES
  directory: ${pebble.directory}
  ca-file: ${pebble.caFile}
  state: DIR/acme
listen:
${plain}  - {port: ${ports.tls}, host: 127.0.0.1, ssl: {}}
  - {port: PORT, host: 127.0.0.1}
${more}
hosts:
  a.example:
    paths:
      /: {status: ON}
  default:
    paths:
      /: {status: ON}
`;
}

/** The serial number and the issuer of the certificate that is served. */
async function servedCertificate(port: number, name: string): Promise<string> {
  const openssl = peerPath("openssl");
  const command = `${openssl} s_client -connect 127.0.0.1:${port} -servername ${name} </dev/null ` +
    `2>/dev/null | ${openssl} x509 -noout -serial -issuer`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return new TextDecoder().decode(stdout);
}

async function until<T>(find: () => T | null | undefined | false | Promise<T | false>): Promise<T> {
  for (let attempts = 0; attempts < 400; attempts++) {
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found as T;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("Waited in vain");
}

/** The certificate of the CA, as soon as it is served. */
function fromCa(port: number, name = "a.example"): Promise<string> {
  return until(async () => {
    const served = await servedCertificate(port, name);
    return served.includes("Pebble") && served;
  });
}

for (const workers of [1, 2]) {
  peerTest(programs, `a first order by HTTP-01, num-threads ${workers}`, async () => {
    const [tls, http] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
    const config = configOf(pebble, { tls, http }, `num-threads: ${workers}`);
    await using proxy = await TestProxy.start(config);
    assertStringIncludes(await servedCertificate(tls, "a.example"), "a.example");
    await proxy.child.waitForLine("certificate by Pebble");
    await fromCa(tls);
    assertStringIncludes(await servedCertificate(tls, "other.example"), "Pebble");
  });
}

peerTest(programs, "a first order by TLS-ALPN-01, and HUP keeps the certificate", async () => {
  const tls = freePort();
  await using pebble = await Pebble.start({ tlsPort: tls });
  const config = configOf(pebble, { tls, http: null })
    .replace("{port: PORT, host: 127.0.0.1}", "{port: PORT, host: 127.0.0.1, ssl: {}}");
  await using proxy = await TestProxy.start(config);
  await proxy.child.waitForLine("certificate by Pebble");
  const first = await fromCa(tls);
  proxy.child.kill("SIGHUP");
  await proxy.child.waitForLine("the new configuration is in force");
  assertEquals(await servedCertificate(tls, "a.example"), first);
});
