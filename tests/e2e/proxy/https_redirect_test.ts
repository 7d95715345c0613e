/** `redirect-to-https` and `hsts`, with curl. */
import { assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runProgram } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { fieldLines, parts, TestProxy } from "../../support/proxy.ts";
import { rawExchange } from "../../support/raw_socket.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** The value of a field of a response; null without it. */
function field(response: string, name: string): string | null {
  const line = fieldLines(parts(response).head).find((each) => each.startsWith(`${name}: `));
  return line === undefined ? null : line.slice(name.length + 2);
}

/** A request over plain HTTP with its answer; SECURE is the origin of the listener with TLS. */
const rows: readonly [
  method: string,
  target: string,
  status: number,
  location: string | null,
][] = [
  ["GET", "/page?x=1&y", 301, "SECURE/page?x=1&y"],
  ["HEAD", "/", 301, "SECURE/"],
  ["POST", "/page", 308, "SECURE/page"],
  ["GET", "//evil.test/", 301, "SECURE//evil.test/"],
  ["GET", "http://localhost:80/a?b", 301, "SECURE/a?b"],
  ["GET", "/.well-known/acme-challenge/", 301, "SECURE/.well-known/acme-challenge/"],
  [
    "GET",
    "/.well-known/acme-challenge/../../page",
    301,
    "SECURE/.well-known/acme-challenge/../../page",
  ],
  ["GET", "/.well-known/acme-challenge/tok_en-1", 200, null],
  ["GET", "/.well-known/acme-challenge/missing", 404, null],
  ["GET", "/plain/page", 200, null],
];

peerTest(
  "curl",
  "Plain HTTP is redirected to https, except challenges and where it is OFF",
  async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using proxy = await startProxy(folder, port);
    const ask = async (method: string, target: string, more = "") => {
      const text =
        `${method} ${target} HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n${more}\r\n`;
      return await rawExchange(proxy.address, text, { idleMs: 10_000 });
    };
    const secure = `https://localhost:${port}`;
    for (const [method, target, status, location] of rows) {
      const response = await ask(method, target);
      const expected = [status, location?.replace("SECURE", secure) ?? null];
      assertEquals([parts(response).status, field(response, "location")], expected, target);
      assertEquals(field(response, "strict-transport-security"), null, target);
    }
    const trusted = "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n";
    assertEquals(parts(await ask("GET", "/page", trusted)).status, 200);

    const curl = async (path: string) => {
      const args = ["-sSi", "--http1.1", "--cacert", `${folder.path}/c.pem`, `${secure}${path}`];
      return (await runProgram("curl", args)).stdout;
    };
    const hsts = "max-age=86400; includeSubDomains";
    for (const [path, status] of [["/page", 200], ["/missing", 404]] as const) {
      const response = await curl(path);
      assertEquals(parts(response).status, status);
      assertEquals(field(response, "strict-transport-security"), hsts);
    }
  },
);

/** Files behind a listener of each kind. */
async function startProxy(folder: TempFolder, port: number): Promise<TestProxy> {
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost"], crt, key);
  await Deno.mkdir(`${folder.path}/www/.well-known/acme-challenge`, { recursive: true });
  await folder.write("www/.well-known/acme-challenge/tok_en-1", "proof");
  await folder.write("www/page", "content");
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
redirect-to-https: ON
hsts: {max-age: 1 day, include-subdomains: ON}
real-ip: {from: 127.0.0.1, header: x-forwarded-for}
hosts:
  localhost:
    paths:
      /: {file.dir: ${folder.path}/www}
      /plain: {file.dir: ${folder.path}/www, redirect-to-https: OFF}
`);
}
