/** `hayate load` over TLS. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runHayate, startListening } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** A TLS server that answers "ok", with a certificate of its own. */
async function startServer(folder: TempFolder) {
  const certificate = `${folder.path}/c.pem`, key = `${folder.path}/k.pem`;
  writeSelfSigned(["localhost", "127.0.0.1"], certificate, key);
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(certificate),
    key: await Deno.readTextFile(key),
    onListen: () => {},
  }, () => new Response("ok"));
  return { server, certificate, url: `https://localhost:${server.addr.port}/` };
}

Deno.test("load verifies certificates, reports why one is refused, and accepts any with -k", async () => {
  await using folder = await tempFolder();
  const { server, certificate, url } = await startServer(folder);
  const refused = await runHayate(["load", "-n", "3", "-c1", url]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stdout, "Failed requests: 3: connect 3 (ETLS: ");
  assertMatch(refused.stdout, /certificate was rejected: self.signed/);
  for (const flags of [["-k"], ["--cacert", certificate]]) {
    const { stdout } = await runHayate(["load", "-n", "30", "-c3", ...flags, url]);
    assertMatch(stdout, /\n {2}30 requests in /);
    assertMatch(stdout, /\nTLS handshakes: 3, \d of them resumed; connect and handshake took /);
    assertEquals(stdout.includes("Failed"), false);
  }
  const wrongName = await runHayate([
    ...["load", "-n", "1", "-c1", "--cacert", certificate, "--sni", "other.example", url],
  ]);
  assertMatch(wrongName.stdout, /connect 1 \(ETLS: .*mismatch/i);
  await server.shutdown();
});

Deno.test("load resumes TLS sessions by default", async () => {
  await using folder = await tempFolder();
  const { server, url } = await startServer(folder);
  for (const [flag, resumes] of [["--tls-resume", true], ["--no-tls-resume", false]] as const) {
    const args = ["load", "-k", "-n", "20", "-c1", "--no-keepalive", flag, "--json", "-", url];
    const { stdout } = await runHayate(args);
    const [run] = (JSON.parse(stdout) as ReportJson).runs;
    assertEquals(run.requestsAnswered, 20);
    assertEquals(run.connections.tlsHandshakesResumed > 10, resumes);
  }
  await server.shutdown();
});

Deno.test("load reports in one line that a certificate file cannot be used", async () => {
  await using folder = await tempFolder();
  const empty = await folder.write("empty.pem", "");
  const { certificate, server } = await startServer(folder);
  await server.shutdown();
  const rows: [string[], string][] = [
    [["--cacert", "/no/such.pem"], "/no/such.pem: no usable CA certificate: no such file"],
    [["--cert", "/no/such.pem"], "/no/such.pem: no usable certificate: no such file"],
    [["--cert", certificate, "--key", "/no/k.pem"], "/no/k.pem: no usable key: no such file"],
    [["--cert", empty], `${empty}: no usable certificate: no PEM block`],
  ];
  for (const [flags, line] of rows) {
    const { code, stderr } = await runHayate(["load", ...flags, "https://127.0.0.1:9/"]);
    assertEquals(code, 1);
    assertEquals(stderr.split("\n").length, 2, stderr);
    assertStringIncludes(stderr, `hayate load: ${line}`);
  }
});

Deno.test("load names the alert by which a server refuses our certificate", async () => {
  await using folder = await tempFolder();
  const certificate = `${folder.path}/c.pem`, key = `${folder.path}/k.pem`;
  const [ca, caKey] = [`${folder.path}/ca.pem`, `${folder.path}/ca.key`];
  writeSelfSigned(["localhost"], certificate, key);
  writeSelfSigned(["person"], ca, caKey);
  const port = freePort();
  const config = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: ${certificate}, ` +
      `key-file: ${key}, client-ca-file: ${ca}}}\n` +
      `hosts: {default: {paths: {/: {file.dir: ${folder.path}}}}}\n`,
  );
  const proxy = await startListening(["proxy", "-c", config], {
    kind: "tcp",
    host: "127.0.0.1",
    port,
  });
  try {
    for (
      const [flags, alert] of [[[], "certificate_required"], [
        ["--cert", certificate, "--key", key],
        "unknown_ca",
      ]] as const
    ) {
      const args = ["load", "-k", "-n", "4", "-c2", ...flags, `https://127.0.0.1:${port}/`];
      const { stdout } = await runHayate(args);
      // RFC 8446 6.2 names the alerts.
      assertMatch(stdout, new RegExp(`\\(ETLS: .* \\(alert ${alert}\\)`));
    }
  } finally {
    await proxy.stop();
  }
});
