/** TLS of the built binary, as curl, wrk and openssl see it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram, sleep, startHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";

/** A port that the appliance uses for TLS because of its last digits. */
function freeTlsPort(): number {
  for (let i = 0; i < 60; i++) {
    const port = 10443 + 1000 * Math.floor(Math.random() * 50);
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("no free port ends in 443");
}

async function curl(...args: string[]): Promise<string> {
  const result = await runProgram("curl", ["-sS", "-m", "10", ...args]);
  return result.stdout + result.stderr;
}

/** A certificate for localhost, made with openssl; `extra` goes to `openssl req`. */
async function certificate(folder: TempFolder, name: string, ...extra: string[]) {
  const [crt, key] = [`${folder.path}/${name}.crt`, `${folder.path}/${name}.key`];
  const result = await runProgram("openssl", [
    ...["req", "-x509", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...(extra.length > 0 ? extra : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ...["-keyout", key, "-out", crt],
  ]);
  assertEquals(result.code, 0, result.stderr);
  return { crt, key };
}

/** The SHA-256 fingerprint that a port shows. */
async function fingerprintAt(port: number, folder: TempFolder, ...args: string[]): Promise<string> {
  const script = `openssl s_client -connect 127.0.0.1:${port} ${args.join(" ")} </dev/null ` +
    `2>/dev/null | openssl x509 -noout -fingerprint -sha256`;
  const result = await runProgram("sh", ["-c", script], { cwd: folder.path });
  return result.stdout.trim();
}

peerTest(["wrk", "curl"], "PORTS that end in 443 speak TLS, and HUP loses no request", async () => {
  await using folder = await tempFolder();
  const [plain, secure] = [freePort(), freeTlsPort()];
  await using supervisor = startHayate(["supervise", "serve", "--text", "hello"], {
    env: { PORTS: `${plain} ${secure}` },
  });
  const greeting = await supervisor.waitForLine(/.*supervises.*/);
  assertStringIncludes(greeting, `http://127.0.0.1:${plain}/`);
  assertStringIncludes(greeting, `https://127.0.0.1:${secure}/`);
  assertEquals(await curl("-k", `https://127.0.0.1:${secure}/`), "hello");
  assertMatch(await curl(`https://127.0.0.1:${secure}/`), /self.signed certificate/);
  const before = await fingerprintAt(secure, folder);
  const hups = (async () => {
    for (let i = 0; i < 5; i++) {
      await sleep(1000);
      supervisor.kill("SIGHUP");
    }
  })();
  const url = `https://127.0.0.1:${secure}/`;
  const keepAlive = await runProgram("wrk", ["-t1", "-c20", "-d6", url]);
  await hups;
  assertMatch(keepAlive.stdout, /requests in/);
  assert(!/Socket errors|Non-2xx/.test(keepAlive.stdout), keepAlive.stdout);
  assertEquals(await fingerprintAt(secure, folder), before, "HUP does not change the certificate");
});

peerTest(["wrk"], "no handshake fails across HUPs with one handshake per request", async () => {
  const secure = freeTlsPort();
  await using supervisor = startHayate(["supervise", "serve", "--text", "hello"], {
    env: { PORTS: `${secure}` },
  });
  await supervisor.waitForLine(/supervises/);
  const hups = (async () => {
    for (let i = 0; i < 4; i++) {
      await sleep(1000);
      supervisor.kill("SIGHUP");
    }
  })();
  const url = `https://127.0.0.1:${secure}/`;
  const result = await runProgram("wrk", ["-t1", "-c10", "-d5", "-H", "Connection: close", url]);
  await hups;
  assert(!/connect [1-9]|write [1-9]|timeout [1-9]|Non-2xx/.test(result.stdout), result.stdout);
});

Deno.test("plain HTTP on a TLS port gets a 400 with the reason", async () => {
  const secure = freeTlsPort();
  await using supervisor = startHayate(["supervise", "serve", "--text", "hello"], {
    env: { PORTS: `${secure}` },
  });
  await supervisor.waitForLine(/supervises/);
  const answer = await rawExchange(tcp(secure), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertMatch(answer, /^HTTP\/1\.1 400 Bad Request\r\n[^]*This port requires TLS/);
});

peerTest(
  ["openssl", "curl"],
  "HAYATE_CERT and HAYATE_KEY, /tls, and changed files",
  async () => {
    await using folder = await tempFolder();
    const first = await certificate(folder, "first");
    const second = await certificate(folder, "second");
    const port = freePort();
    await using supervisor = startHayate(["supervise", "proxy"], {
      env: { PORTS: `${port}/tls`, HAYATE_CERT: first.crt, HAYATE_KEY: first.key },
    });
    await supervisor.waitForLine(/supervises/);
    assertStringIncludes(
      await curl("--cacert", first.crt, `https://localhost:${port}/`),
      "hayate is running",
    );
    const shown = await fingerprintAt(port, folder);
    // A bad new certificate keeps the old one and is reported; a good one is used without a HUP.
    await Deno.writeTextFile(first.crt, "no certificate");
    await supervisor.waitForLine(/still using the old certificate: .*first\.crt/);
    assertEquals(await fingerprintAt(port, folder), shown);
    await Deno.copyFile(second.key, first.key);
    await Deno.copyFile(second.crt, first.crt);
    await supervisor.waitForLine(/certificates reloaded/);
    assertEquals(
      await curl("--cacert", second.crt, "-o", "/dev/null", `https://localhost:${port}/`),
      "",
    );
  },
);

Deno.test("only one of HAYATE_CERT and HAYATE_KEY is an error in one clear line", async () => {
  await using supervisor = startHayate(["supervise"], {
    env: { PORTS: String(freeTlsPort()), HAYATE_CERT: "/tmp/x.crt" },
  });
  const { code, stderr } = await supervisor.result();
  assertEquals(code, 1);
  assertMatch(stderr, /HAYATE_CERT and HAYATE_KEY: set both or neither/);
});

peerTest(
  ["openssl", "curl"],
  "listen.ssl: RSA beside ECDSA, mutual TLS, versions, and https upstreams",
  async () => {
    await using folder = await tempFolder();
    const ecdsa = await certificate(folder, "ecdsa");
    const rsa = await certificate(folder, "rsa", "-newkey", "rsa:2048");
    const person = await certificate(folder, "person");
    const [port, mutual, front] = [freePort(), freePort(), freePort()];
    await Deno.writeTextFile(
      `${folder.path}/h2o.conf`,
      `listen:
  port: ${port}
  host: 127.0.0.1
  ssl: {certificate-file: ${ecdsa.crt}, key-file: ${ecdsa.key}, minimum-version: TLSv1.3,
        identity: [{certificate-file: ${rsa.crt}, key-file: ${rsa.key}}]}
listen:
  port: ${mutual}
  host: 127.0.0.1
  ssl: {certificate-file: ${rsa.crt}, key-file: ${rsa.key}, client-ca-file: ${person.crt}}
listen: {port: ${front}, host: 127.0.0.1}
hosts:
  default:
    paths:
      /:
        redirect: {url: https://example.com/, status: 301}
      /up:
        proxy.reverse.url: https://localhost:${port}/
        proxy.ssl.cafile: ${ecdsa.crt}
        proxy.header.set: "x: 1"
      /distrust:
        proxy.reverse.url: https://localhost:${port}/
      /blind:
        proxy.reverse.url: https://localhost:${port}/
        proxy.ssl.verify-peer: OFF
`,
    );
    await using proxy = startHayate(["proxy", "-c", `${folder.path}/h2o.conf`]);
    await proxy.waitForLine(new RegExp(`listening on 127.0.0.1:${front}`));
    const shownEcdsa = await fingerprintAt(port, folder, "-sigalgs", "ECDSA+SHA256");
    const shownRsa = await fingerprintAt(port, folder, "-sigalgs", "RSA-PSS+SHA256");
    assert(shownEcdsa !== shownRsa && shownRsa !== "", `${shownEcdsa} ${shownRsa}`);
    assertMatch(await curl("-k", "--tls-max", "1.2", `https://127.0.0.1:${port}/`), /curl: \(35\)/);
    const status = ["-o", "/dev/null", "-w", "%{http_code}"];
    const asPerson = ["--cert", person.crt, "--key", person.key];
    const mutualUrl = `https://127.0.0.1:${mutual}/`;
    assertEquals(await curl("-k", ...status, ...asPerson, mutualUrl), "301");
    assertMatch(await curl("-k", ...status, mutualUrl), /^000|curl: \(\d+\)/);
    const frontUrl = `http://127.0.0.1:${front}`;
    assertEquals(await curl(...status, `${frontUrl}/up/`), "301");
    assertEquals(await curl(...status, `${frontUrl}/distrust/`), "502");
    assertEquals(await curl(...status, `${frontUrl}/blind/`), "301");
  },
);

peerTest(["openssl"], "unusable certificates end the start with one line", async () => {
  await using folder = await tempFolder();
  const good = await certificate(folder, "good");
  const other = await certificate(folder, "other");
  const rows: [crt: string, key: string, expected: RegExp][] = [
    ["/no/such.crt", good.key, /\/no\/such\.crt: cannot read the certificate: no such file/],
    [good.crt, "/no/such.key", /\/no\/such\.key: cannot read the key: no such file/],
    [good.crt, other.key, /other\.key: .*does not belong to/],
    [good.key, good.key, /good\.key: no usable certificate/],
  ];
  for (const [crt, key, expected] of rows) {
    const file = `${folder.path}/h2o.conf`;
    await Deno.writeTextFile(
      file,
      `listen: {port: ${freePort()}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
hosts: {default: {paths: {/: {redirect: http://a/}}}}
`,
    );
    await using proxy = startHayate(["proxy", "-c", file]);
    const { code, stderr } = await proxy.result();
    assert(code !== 0);
    assertMatch(stderr, expected);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
  }
});
