/** `hayate load --proxy`, through a scripted proxy and through tinyproxy. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { Child, runHayate } from "../../support/binary.ts";
import { Http2Server } from "../../support/http2_server.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { ReferenceServer } from "../../support/reference_server.ts";
import { type ProxyAnswer, ScriptedProxy } from "../../support/scripted_proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** Answers "ok" over TLS, with either version of HTTP. */
async function secureServer(folder: TempFolder): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const [cert, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost", "127.0.0.1"], cert, key);
  return Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
    onListen: () => {},
  }, () => new Response("ok"));
}

Deno.test("load --proxy sends http with the whole URL, and credentials to the proxy", async () => {
  await using server = await ReferenceServer.start();
  await using proxy = new ScriptedProxy();
  const credentials = proxy.url.replace("//", "//me:p%40ss@");
  const url = server.url("/fixed?ms=1");
  const run = await measure("-c2", "-n", "20", "--proxy", credentials, url);
  assertEquals([run.requestsAnswered, run.requestsFailed, run.connections.made], [20, 0, 2]);
  assertEquals(proxy.heads.length, 20);
  for (const head of proxy.heads) {
    const [line, host, ...fields] = head.trimEnd().split("\r\n");
    assertEquals(line, `GET ${url} HTTP/1.1`);
    assertEquals(host, `Host: 127.0.0.1:${server.port}`);
    assertEquals(fields, [`Proxy-Authorization: Basic ${btoa("me:p@ss")}`]);
  }
  // What varies does so within the whole URL.
  const varied = ["-n", "3", "-c1", "--template", "--proxy", proxy.url, `${url}&n={seq:1}`];
  assertEquals((await measure(...varied)).requestsAnswered, 3);
  const lines = proxy.heads.slice(20).map((head) => head.split("\r\n")[0]);
  assertEquals(lines, [1, 2, 3].map((number) => `GET ${url}&n=${number} HTTP/1.1`));
});

Deno.test("load --proxy opens tunnels for https, for --proxy-tunnel and for HTTP/2", async () => {
  await using folder = await tempFolder();
  await using secure = await secureServer(folder);
  await using plain = await ReferenceServer.start();
  await using http2 = new Http2Server();
  await using proxy = new ScriptedProxy();
  const https = `https://127.0.0.1:${secure.addr.port}/`;
  const script = await folder.write("s.js", `export const request = () => wrk.format("GET", "/");`);
  const rows: [flags: string[], url: string][] = [
    [[], https],
    [["--http2", "-m3"], https],
    [["--proxy-tunnel"], plain.url("/")],
    [["-s", script], plain.url("/")],
    [["--http2", "-m3"], http2.url],
  ];
  for (const [flags, url] of rows) {
    proxy.heads.length = 0;
    const args = ["-k", "-c2", "-n", "30", "--phases", "--proxy", proxy.url, ...flags, url];
    const run = await measure(...args);
    assertEquals([run.requestsAnswered, run.requestsFailed], [30, 0], url);
    const { host } = new URL(url);
    const connect = `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    assertEquals(proxy.heads, Array.from({ length: run.connections.made }, () => connect));
    assertEquals(run.phases!.connect?.count, run.connections.made);
    if (url === https) assertEquals(run.phases!.tls?.count, run.connections.made);
  }
  // One connection per request, over the other reactor too.
  for (const reactor of ["epoll", "portable"]) {
    proxy.heads.length = 0;
    const args = ["load", "-k", "-c2", "-n", "10", "--no-keepalive", "--proxy", proxy.url, https];
    const { stdout, stderr, code } = await runHayate(args, { env: { HAYATE_REACTOR: reactor } });
    assertEquals([code, stderr], [0, ""], stdout);
    assertMatch(stdout, /\b10 requests in/);
    assert(!/errors|Failed/.test(stdout), stdout);
    assert(proxy.heads.length >= 10);
  }
});

const page = `<html>${"no ".repeat(50_000)}</html>`;

Deno.test("load --proxy counts a tunnel that is not opened as one failure, with why", async () => {
  await using folder = await tempFolder();
  await using secure = await secureServer(folder);
  const rows: [answer: ProxyAnswer, code: string][] = [
    ["HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "407"],
    [`HTTP/1.1 403 Forbidden\r\nContent-Length: ${page.length}\r\n\r\n${page}`, "403"],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 502\r\n\r\n", "502"],
    ["SSH-2.0-OpenSSH_9.2\r\n", "notHttp"],
    ["HTTP/1.1 twohundred\r\n\r\n", "notHttp"],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(200_000)}`, "headTooLarge"],
    ["", "EEOF"],
    ["HTTP/1.1 200 O", "EEOF"],
    [null, "ETIMEDOUT"],
  ];
  const url = `https://127.0.0.1:${secure.addr.port}/`;
  for (const [answer, code] of rows) {
    for (const flags of [[], ["--http2"]]) {
      await using proxy = new ScriptedProxy(answer);
      const args = ["-k", "-c1", "-n", "3", "-T", answer === null ? "200ms" : "20s", ...flags];
      const run = await measure(...args, "--proxy", proxy.url, url);
      assertEquals(run.failures, [{ kind: "proxy", code, count: 3 }], `${answer?.slice(0, 40)}`);
      assertEquals([run.failedByKind["proxy"], run.connections.made], [3, 0]);
    }
  }
  const nobody = `http://127.0.0.1:${freePort()}`;
  const refused = await measure("-k", "-n", "2", "--proxy", nobody, url);
  assertEquals(refused.failures, [{ kind: "refused", code: "ECONNREFUSED", count: 2 }]);
  await using proxy = new ScriptedProxy("HTTP/1.1 403 Forbidden\r\n\r\n");
  const args = ["load", "-n", "2", "--proxy", proxy.url, "--fail-if", "proxy>0", url];
  const { code, stdout, stderr } = await runHayate(args);
  assertEquals(code, 3);
  assertMatch(stderr, /^threshold failed: proxy>0 \(measured 2\)$/m);
  assertMatch(stdout, /Socket errors: connect 2, .*\n/);
  assertMatch(stdout, /^Failed requests: 2: proxy 2 \(403\)$/m);
});

Deno.test("load --proxy takes what follows the proxy's answer at once, and answers in pieces", async () => {
  // A tunnel to a server that speaks first: the bytes of both arrive in one read, or one by one.
  const early = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n" +
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  for (const pieceBytes of [Infinity, 1]) {
    await using proxy = new ScriptedProxy(early, { pieceBytes });
    const url = "http://nowhere.invalid/";
    const args = ["-c1", "-n", "1", "--proxy", proxy.url, "--proxy-tunnel", url];
    assertEquals((await measure(...args)).requestsAnswered, 1);
    assertMatch(proxy.heads[0], /^CONNECT nowhere\.invalid:80 HTTP\/1\.1\r\n/);
  }
});

Deno.test("load --proxy says what is wrong with it, and does not read the environment", async () => {
  await using server = await ReferenceServer.start();
  const url = server.url("/");
  const rows: [args: string[], text: string][] = [
    [["--proxy", "https://p:1"], "https:// is not supported: use http://[user:password@]host:port"],
    [["--proxy", "socks5://p:1"], "socks5:// is not supported"],
    [["--proxy", "http://p"], "the port is missing, as in http://proxy:3128"],
    [["--proxy", "http://p:1/x"], "/x: a proxy's URL has no path"],
    [["--proxy-tunnel"], "--proxy-tunnel needs --proxy"],
    [["--proxy", "p:1", "-P", "/s"], "--proxy and --unix-socket cannot be combined"],
    [["--proxy", "p:1", "--connect-to", "a:1"], "--proxy and --connect-to cannot be combined"],
    [["--proxy", "p:1", "http://unix:/s:/"], "--proxy cannot reach a unix socket"],
  ];
  for (const [args, text] of rows) {
    const { code, stderr } = await runHayate(["load", ...args, url]);
    assertEquals(code, 2, text);
    assert(stderr.includes(text), stderr);
  }
  const nobody = `http://127.0.0.1:${freePort()}`;
  const env = { http_proxy: nobody, HTTP_PROXY: nobody, ALL_PROXY: nobody, all_proxy: nobody };
  const { code, stdout } = await runHayate(["load", "-n2", "--json", "-", url], { env });
  assertEquals([code, JSON.parse(stdout).runs[0].requestsAnswered], [0, 2]);
  await using proxy = new ScriptedProxy();
  const secret = ["--proxy", proxy.url.replace("//", "//me:hidden@")];
  const masked = await runHayate(["load", "-n2", "--json", "-", ...secret, url]);
  assert(masked.stdout.includes("//***@127.0.0.1") && !masked.stdout.includes("hidden"));
});

peerTest("tinyproxy", "load goes through tinyproxy, which asks for a password", async () => {
  await using folder = await tempFolder();
  await using secure = await secureServer(folder);
  await using plain = await ReferenceServer.start();
  const port = freePort();
  const config = await folder.write(
    "tinyproxy.conf",
    `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nBasicAuth me secret\n` +
      `LogLevel Critical\n`,
  );
  await using child = new Child(peerPath("tinyproxy"), ["-d", "-c", config]);
  await child.waitForSocket(tcp(port));
  const https = `https://127.0.0.1:${secure.addr.port}/`;
  const rows: [flags: string[], url: string][] = [
    // It ends its connections without a word.
    [["--no-keepalive"], plain.url("/")],
    [["-R", "200"], https],
    [["--http2", "-m4"], https],
    [["--proxy-tunnel", "--no-keepalive"], plain.url("/")],
  ];
  for (const [flags, url] of rows) {
    const args = ["-k", "-c3", "-n", "60", "--proxy", `http://me:secret@127.0.0.1:${port}`];
    const run = await measure(...args, ...flags, url);
    assertEquals([run.requestsAnswered, run.requestsFailed], [60, 0], `${flags} ${url}`);
  }
  const denied = await measure("-k", "-n", "2", "--proxy", `127.0.0.1:${port}`, https);
  assertMatch(denied.failures[0].code, /^40[17]$/);
  assertEquals([denied.failures[0].kind, denied.failures[0].count], ["proxy", 2]);
});
