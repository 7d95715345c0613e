/** Certificates from a real ACME server: first order, both challenges, renewal, faults. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readIfThere } from "../../../mod/process/files/if_there.ts";
import { Child, runHayate, runProgram } from "../../support/binary.ts";
import { acmeConfig } from "../../support/acme_config.ts";
import { AcmeFront, problem } from "../../support/acme_front.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
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
  await using load = new Child("wrk", ["-t1", "-c10", "-d300", `https://127.0.0.1:${tls}/`]);
  await makeDue(proxy.folder.path);
  proxy.child.kill("SIGHUP");
  await until(async () => {
    const served = await servedCertificate(tls, "a.example");
    return served.includes("Pebble") && served !== first;
  });
  assert(!load.hasEnded, load.stderr);
  // It tells its figures, as at the end of its time.
  const { stdout } = await load.stop("SIGINT");
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

/** The words of `openssl x509 -text` about the key of the certificate that is served. */
async function servedKey(port: number, name: string): Promise<string> {
  const command = `openssl s_client -connect 127.0.0.1:${port} -servername ${name} </dev/null ` +
    "2>/dev/null | openssl x509 -noout -text | grep -A1 'Public Key Algorithm'";
  return (await runProgram("sh", ["-c", command])).stdout;
}

for (const [keyType, words] of [["p384", /384 bit/], ["rsa2048", /2048 bit/]] as const) {
  peerTest(
    programs,
    `ssl: {} of a host's own listen, by TLS-ALPN-01, key-type ${keyType}`,
    async () => {
      const tls = freePort();
      await using pebble = await Pebble.start({ tlsPort: tls });
      await using proxy = await TestProxy.start(`acme:
  accept-tos: YES
  email: admin@mail.example
  tls-port: ${tls}
  directory: ${pebble.directory}
  ca-file: ${pebble.caFile}
  state: DIR/acme
  key-type: ${keyType}
listen: {port: PORT, host: 127.0.0.1}
hosts:
  a.example:
    listen: {port: ${tls}, host: 127.0.0.1, ssl: {}}
    paths: {/: {status: ON}}
  default:
    paths: {/: {status: ON}}
`);
      await proxy.child.waitForLine("a.example: certificate by Pebble");
      await fromCa(tls);
      assertMatch(await servedKey(tls, "a.example"), words);
      assertEquals((await Deno.stat(`${proxy.folder.path}/acme`)).mode! & 0o777, 0o700);
    },
  );
}

peerTest(programs, "an account is made once, also for names that come later", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
  await using front = await AcmeFront.start(pebble, {});
  const server = { directory: front.directory, caFile: pebble.caFile };
  await using proxy = await TestProxy.start(acmeConfig(server, { tls, http }));
  await proxy.child.waitForLine("a.example: certificate by Pebble");
  const file = `${proxy.folder.path}/h2o.conf`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(
    file,
    text.replace("  default:", "  b.example:\n    paths:\n      /: {status: ON}\n  default:"),
  );
  proxy.child.kill("SIGHUP");
  await proxy.child.waitForLine("b.example: certificate by Pebble");
  await fromCa(tls, "b.example");
  assertEquals(front.payloadsOf("account").length, 1);
});

peerTest(
  programs,
  "only pending tokens are ours: a webroot of certbot goes on working",
  async () => {
    const [tls, http] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
    const config = acmeConfig(pebble, { tls, http }).replace(
      "  a.example:\n    paths:\n      /: {status: ON}",
      "  a.example:\n    redirect-to-https: ON\n    paths:\n      /: {file.dir: WWW}",
    );
    await using www = await tempFolder();
    await www.write(".well-known/acme-challenge/of-certbot", "of-certbot.thumbprint");
    await using proxy = await TestProxy.start(config.replace("WWW", www.path));
    await proxy.child.waitForLine("a.example: certificate by Pebble");
    const ask = (token: string) =>
      rawExchange(
        tcp(http),
        `GET /.well-known/acme-challenge/${token} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
      );
    assertMatch(await ask("of-certbot"), /^HTTP\/1\.1 200 [^]*of-certbot\.thumbprint$/);
    assertMatch(await ask("of-nobody"), /^HTTP\/1\.1 404 /);
    const offered = `${proxy.folder.path}/acme/challenges/pending.token`;
    const authorization = `pending.${"A".repeat(43)}`;
    await Deno.writeTextFile(offered, authorization);
    assertMatch(await ask("pending"), new RegExp(`^HTTP/1\\.1 200 [^]*\r\n${authorization}$`));
    // Not the answer to this token: another file got there.
    await Deno.writeTextFile(offered, "secret");
    assertMatch(await ask("pending"), /^HTTP\/1\.1 404 /);
    assertMatch(await ask("..%2faccounts"), /^HTTP\/1\.1 (404|301) /);
  },
);

peerTest(programs, "state: memory orders at each start, and leaves nothing", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
  const config = acmeConfig(pebble, { tls, http }).replace("state: DIR/acme", "state: memory");
  const folders = () =>
    [...Deno.readDirSync("/dev/shm")].filter(({ name }) => name.startsWith("hayate-acme-"));
  const before = folders().map(({ name }) => name);
  await using proxy = await TestProxy.start(config);
  await proxy.child.waitForLine("a.example: certificate by Pebble");
  const own = folders().filter(({ name }) => !before.includes(name));
  assert(own.length >= 1);
  proxy.child.kill("SIGTERM");
  await proxy.child.status;
  const left = folders().map(({ name }) => name);
  assert(own.some(({ name }) => !left.includes(name)));
});

Deno.test("state: memory of a process that was killed is removed by the next start", async () => {
  const config =
    `acme: {accept-tos: YES, state: memory, tls-port: PORT, directory: "http://127.0.0.1:1/"}
listen: [{port: PORT, host: 127.0.0.1, ssl: {}}]
hosts: {a.example: {paths: {/: {status: ON}}}}
`;
  const foldersOf = (pid: number) =>
    [...Deno.readDirSync("/dev/shm")].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `/dev/shm/${name}/owner.json`)
      .filter((file) => readIfThere(file)?.includes(`"pid":${pid},`) === true);
  let killed: number;
  {
    await using proxy = await TestProxy.start(config);
    killed = proxy.child.pid;
    assertEquals(foldersOf(killed).length, 1);
    proxy.child.kill("SIGKILL");
    await proxy.child.status;
  }
  assertEquals(foldersOf(killed).length, 1);
  await using next = await TestProxy.start(config);
  assertEquals([foldersOf(killed).length, foldersOf(next.child.pid).length], [0, 1]);
});

peerTest(
  programs,
  "a renewal that fails keeps the old certificate, and certs tells why",
  async () => {
    const [tls, http] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
    let isDown = false;
    await using front = await AcmeFront.start(pebble, {
      answer: ({ kind }) =>
        kind === "new order" && isDown ? problem(503, "serverInternal", "out of order") : null,
    });
    const server = { directory: front.directory, caFile: pebble.caFile };
    await using proxy = await TestProxy.start(acmeConfig(server, { tls, http }));
    await proxy.child.waitForLine("a.example: certificate by Pebble");
    const first = await fromCa(tls);
    isDown = true;
    await makeDue(proxy.folder.path);
    proxy.child.kill("SIGHUP");
    await proxy.child.waitForLine(
      /serverInternal: out of order; serving the old certificate, next attempt in \d\d s/,
    );
    assertEquals(await servedCertificate(tls, "a.example"), first);
    const { stdout } = await runHayate(["proxy", "certs", "-c", `${proxy.folder.path}/h2o.conf`]);
    assertMatch(stdout, /\na\.example +Pebble .*serverInternal: out of order\n$/);
  },
);
