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

/** Status, Location and HSTS of a request by curl. */
async function ask(...args: readonly string[]): Promise<readonly [number, string, string]> {
  const { stdout } = await runProgram("curl", ["-sk", "-D", "-", "-o", "/dev/null", ...args]);
  const fields = stdout.split("\r\n");
  const valueOf = (name: string) =>
    fields.find((line) => line.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
  const status = Number(fields[0].split(" ")[1]);
  return [status, valueOf("location"), valueOf("strict-transport-security")];
}

for (
  const [version, plainFlag, tlsFlag] of [
    ["HTTP/1.1", "--http1.1", "--http1.1"],
    ["HTTP/2", "--http2-prior-knowledge", "--http2"],
  ] as const
) {
  peerTest(
    "curl",
    `redirect-to-https and hsts of a host and of a path, by ${version}`,
    async () => {
      await using folder = await tempFolder();
      const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
      writeSelfSigned(["localhost"], crt, key);
      const [plain, tls] = [freePort(), freePort()];
      await using _proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${plain}, host: 127.0.0.1}
listen: {port: ${tls}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
hosts:
  whole.example:
    redirect-to-https: ON
    hsts: ON
    paths:
      /: {status: ON}
      /open: {status: ON, redirect-to-https: OFF, hsts: OFF}
  part.example:
    paths:
      /: {status: ON}
      /secret: {status: ON, redirect-to-https: ON, hsts: 10 days}
`);
      // The port is not that of the listener, as behind a forwarded port.
      const at = (host: string) => ["-H", `Host: ${host}`];
      const rows = [
        ["whole.example", "/?y", true, "max-age=31536000"],
        ["whole.example", "/open", false, ""],
        ["part.example", "/", false, ""],
        ["part.example", "/secret", true, "max-age=864000"],
        ["whole.example", "/.well-known/acme-challenge/abc", false, "max-age=31536000"],
      ] as const;
      for (const [host, path, isRedirected, hsts] of rows) {
        const [status, location, none] = await ask(
          ...at(host),
          plainFlag,
          `http://127.0.0.1:${plain}${path}`,
        );
        // The challenge is routed, and nothing is there.
        const own = path.startsWith("/.well-known/") ? 404 : 200;
        const expected = isRedirected ? [301, `https://${host}:${tls}${path}`] : [own, ""];
        assertEquals([status, location, none], [...expected, ""], `${host}${path}`);
        const secure = await ask(...at(host), tlsFlag, `https://127.0.0.1:${tls}${path}`);
        assertEquals(secure, [own, "", hsts], `${host}${path}`);
      }
    },
  );
}

peerTest("curl", "a port that 443 is forwarded to is not named in the redirect", async () => {
  await using folder = await tempFolder();
  const [plain, tls] = [freePort(), freePort()];
  await using _proxy = await TestProxy.start(`acme:
  accept-tos: YES
  directory: http://127.0.0.1:1/dir
  state: ${folder.path}/acme
  tls-port: ${tls}
listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${plain}, host: 127.0.0.1}
listen: {port: ${tls}, host: 127.0.0.1, ssl: {}}
redirect-to-https: ON
hosts: {a.example: {paths: {/: {status: ON}}}}
`);
  const at = ["--resolve", `a.example:${plain}:127.0.0.1`];
  const [status, location] = await ask(...at, `http://a.example:${plain}/x`);
  assertEquals([status, location], [301, "https://a.example/x"]);
});
