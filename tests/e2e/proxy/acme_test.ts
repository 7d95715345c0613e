/** Certificates from a real ACME server: first order, both challenges, renewal, faults. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate, runProgram } from "../../support/binary.ts";
import { acmeConfig } from "../../support/acme_config.ts";
import { rawExchange, unix } from "../../support/raw_socket.ts";
import { Pebble, pebblePrograms } from "../../support/pebble.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { servedCertificate } from "../../support/served_certificate.ts";

const programs = [...pebblePrograms, "openssl"];

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
    const config = acmeConfig(pebble, { tls, http }, `num-threads: ${workers}`);
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
  const config = acmeConfig(pebble, { tls, http: null })
    .replace("{port: PORT, host: 127.0.0.1}", "{port: PORT, host: 127.0.0.1, ssl: {}}");
  await using proxy = await TestProxy.start(config);
  await proxy.child.waitForLine("certificate by Pebble");
  const first = await fromCa(tls);
  proxy.child.kill("SIGHUP");
  await proxy.child.waitForLine("the new configuration is in force");
  assertEquals(await servedCertificate(tls, "a.example"), first);
});

/** Makes the certificate due, as if two thirds of its life were over. */
async function makeDue(folder: string): Promise<void> {
  const file = `${folder}/acme/names/a.example.json`;
  const stored = JSON.parse(await Deno.readTextFile(file));
  await Deno.writeTextFile(file, JSON.stringify({ ...stored, renewAtMs: 1 }));
}

peerTest([...programs, "wrk"], "a renewal under load loses no request", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
  await using proxy = await TestProxy.start(acmeConfig(pebble, { tls, http }, "num-threads: 2"));
  await proxy.child.waitForLine("certificate by Pebble");
  const first = await fromCa(tls);
  let isLoaded = true;
  const load = runProgram("wrk", ["-t1", "-c10", "-d20", `https://127.0.0.1:${tls}/`])
    .finally(() => isLoaded = false);
  await makeDue(proxy.folder.path);
  proxy.child.kill("SIGHUP");
  await until(async () => {
    const served = await servedCertificate(tls, "a.example");
    return served.includes("Pebble") && served !== first;
  });
  assert(isLoaded, "the load ended before the new certificate was there");
  const { stdout } = await load;
  assertMatch(stdout, /requests in/);
  assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
});

Deno.test("a folder that cannot be written orders nothing and serves all the same", async () => {
  await using proxy = await TestProxy.start(
    `acme: {accept-tos: YES, state: /proc/acme, tls-port: PORT}
listen: [{port: PORT, host: 127.0.0.1, ssl: {}}]
hosts: {a.example: {paths: {/: {status: ON}}}}
`,
  );
  assertMatch(proxy.child.stderr, /cannot write \/proc\/acme: .*no certificate is ordered/);
});

peerTest(programs, "certs and /metrics tell how long certificates last", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
  const config = acmeConfig(pebble, { tls, http }, "control: DIR/c.sock");
  await using proxy = await TestProxy.start(config);
  await proxy.child.waitForLine("certificate by Pebble");
  const { stdout } = await runHayate(["proxy", "certs", "-c", `${proxy.folder.path}/h2o.conf`]);
  assertMatch(stdout, /^name +issuer +days left +next +last error\n/);
  assertMatch(stdout, /\na\.example +Pebble .* +\d+ +20\d\d-\d\d-\d\d \d\d:\d\d\n$/);
  const metrics = await rawExchange(
    unix(`${proxy.folder.path}/c.sock`),
    "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assertMatch(metrics, /\nhayate_certificate_expiry_seconds\{name="a\.example"\} \d{6,9}\n/);
});

Deno.test("certs names a folder that cannot be read", async () => {
  const { code, stderr } = await runHayate(["proxy", "certs", "--state", "/nonexistent"]);
  assertEquals(code, 1);
  assertMatch(stderr, /cannot read \/nonexistent: /);
});

/** `-t` of a configuration whose only certificates will come from the CA. */
async function check(ssl: string, acme = ""): Promise<{ code: number; stderr: string }> {
  await using folder = await tempFolder();
  const text = `acme: {accept-tos: YES, state: ${folder.path}/acme${acme}}
listen: [{port: ${freePort()}, host: 127.0.0.1}, {port: 443, host: 127.0.0.1, ssl: ${ssl}}]
hosts: {a.example: {paths: {/: {status: ON}}}}
`;
  const { code, stderr } = await runHayate([
    "proxy",
    "-t",
    "-c",
    await folder.write("h2o.conf", text),
  ]);
  return { code, stderr };
}

Deno.test("-t checks the TLS settings of listeners whose certificates are yet to come", async () => {
  const rows: readonly (readonly [ssl: string, acme: string, fault: RegExp | null])[] = [
    ["{}", "", null],
    ["{minimum-version: TLSv1.3, cipher-suite: HIGH}", "", null],
    ["{cipher-suite: NONE-SUCH}", "", /cipher-suite NONE-SUCH: /],
    ["{cipher-suite-tls1.3: [NONE-SUCH]}", "", /cipher-suite-tls1\.3 NONE-SUCH: /],
    ["{client-ca-file: /none.pem}", "", /\/none\.pem: cannot read the client CA: no such file/],
    ["{min-version: TLSv9}", "", /min-version: .*TLSv1\.3/],
    ["{}", ", ca-file: /none.pem", /acme\.ca-file: cannot use \/none\.pem: No such file/],
    [
      "{}",
      ", ca-file: /dev/null",
      /acme\.ca-file: cannot use \/dev\/null: it has no certificate in PEM/,
    ],
    ["{}", ", tls-port: 444", /CA reaches no listener/],
  ];
  for (const [ssl, acme, fault] of rows) {
    const { code, stderr } = await check(ssl, acme);
    assertEquals(code === 0, fault === null, stderr);
    if (fault !== null) assertMatch(stderr, fault);
  }
});
