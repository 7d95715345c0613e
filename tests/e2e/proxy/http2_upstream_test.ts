/** HTTP/2 to upstreams: other servers and hayate behind the proxy, clients with either version. */
import { assert, assertEquals } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child } from "../../support/binary.ts";
import { Code, Http2Server, Setting, Type } from "../../support/http2_server.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { latin1, tcp } from "../../support/raw_socket.ts";
import { appWith, startServe } from "../../support/serve.ts";
import { parts, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const page = "hello, world";
const cleartext = "proxy.http2.ratio: 100\nproxy.http2.force-cleartext: ON";

interface Site extends TempFolder {
  readonly certificate: string;
  readonly key: string;
  /** Settings of a proxy whose upstreams have the certificate. */
  readonly trust: string;
}

async function makeSite(): Promise<Site> {
  const folder = await tempFolder();
  const certificate = `${folder.path}/c.pem`, key = `${folder.path}/k.pem`;
  writeSelfSigned(["localhost", "127.0.0.1"], certificate, key);
  await folder.write("www/index.html", page);
  // nginx changes to another user where it is started by root.
  await Deno.chmod(folder.path, 0o755);
  const trust = `proxy.http2.ratio: 100\nproxy.ssl.cafile: ${certificate}`;
  return { ...folder, certificate, key, trust };
}

async function start(program: string, args: string[], address: Address): Promise<Child> {
  const child = new Child(peerPath(program), args);
  await child.waitForSocket(address);
  return child;
}

function urlOf({ address }: TestProxy, path = "/"): string {
  if (address.kind !== "tcp") throw new TypeError("no port");
  return `http://127.0.0.1:${address.port}${path}`;
}

/** Many requests at a time, from clients of both versions; every one gets a 200. */
async function assertAllAnswered(proxy: TestProxy, path = "/"): Promise<void> {
  for (const flags of [["-c20"], ["--http2", "-c2", "-m10"]]) {
    const run = await measure("-n", "600", ...flags, urlOf(proxy, path));
    assertEquals([run.requestsAnswered, run.requestsFailed], [600, 0]);
    assertEquals(run.responsesByStatus, { 200: 600 });
  }
}

for (const isSecure of [false, true]) {
  peerTest("nghttpd", `nghttpd as upstream, ${isSecure ? "TLS" : "plain"}`, async () => {
    await using site = await makeSite();
    const port = freePort();
    const how = isSecure ? [`${port}`, site.key, site.certificate] : ["--no-tls", `${port}`];
    const args = ["-a", "127.0.0.1", "-d", `${site.path}/www`, "--echo-upload", ...how];
    await using _server = await start("nghttpd", args, tcp(port));
    const url = `${isSecure ? "https" : "http"}://localhost:${port}/`;
    await using proxy = await TestProxy.before(url, [], isSecure ? site.trust : cleartext);
    await assertAllAnswered(proxy);
    const body = "x".repeat(1_000_000);
    const response = await fetch(urlOf(proxy), { method: "POST", body });
    assertEquals(await response.text(), body);
    const streamed = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 10; i++) controller.enqueue(new TextEncoder().encode(`part ${i};`));
        controller.close();
      },
    });
    const second = await fetch(urlOf(proxy), { method: "POST", body: streamed });
    assertEquals((await second.text()).split(";").length, 11);
  });
}

peerTest("nginx", "nginx as upstream: ALPN, few requests and streams of a connection", async () => {
  await using site = await makeSite();
  const ports = [freePort(), freePort(), freePort()];
  const tls = `ssl_certificate ${site.certificate}; ssl_certificate_key ${site.key};`;
  const [full, limited, old] = ports.map((port) => `listen 127.0.0.1:${port} ssl`);
  const config = await site.write(
    "nginx.conf",
    `daemon off; worker_processes 1; pid ${site.path}/pid; error_log ${site.path}/error.log;
events { worker_connections 256; }
http {
  log_format version $server_protocol; client_body_temp_path ${site.path}/body;
  proxy_temp_path ${site.path}/proxy; fastcgi_temp_path ${site.path}/fcgi;
  uwsgi_temp_path ${site.path}/uwsgi; scgi_temp_path ${site.path}/scgi;
  root ${site.path}/www;
  server { ${full} http2; ${tls} access_log ${site.path}/full.log version; }
  server { ${limited} http2; ${tls} access_log off; keepalive_requests 60; http2_max_concurrent_streams 4; }
  server { ${old}; ${tls} access_log ${site.path}/old.log version; }
}\n`,
  );
  await using _server = await start("nginx", ["-p", site.path, "-c", config], tcp(ports[0]));
  const urls = ports.map((port) => `https://localhost:${port}/`);
  const paths = urls.map((url, i) => `      /${i}: {proxy.reverse.url: "${url}"}`).join("\n");
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
${site.trust}
hosts:
  default:
    paths:
${paths}
      /half: {proxy.reverse.url: "${urls[0]}", proxy.http2.ratio: 50}
`);
  for (const path of ["/0/", "/1/", "/2/"]) await assertAllAnswered(proxy, path);
  const versions = async (
    name: string,
  ) => [...new Set((await Deno.readTextFile(`${site.path}/${name}`)).trim().split("\n"))];
  assertEquals(await versions("full.log"), ["HTTP/2.0"]);
  assertEquals(await versions("old.log"), ["HTTP/1.1"]);
  await measure("-n", "100", "-c", "1", urlOf(proxy, "/half/"));
  const last = (await Deno.readTextFile(`${site.path}/full.log`)).trim().split("\n").slice(-100);
  assertEquals(last.filter((version) => version === "HTTP/2.0").length, 50);
});

peerTest("h2o", "h2o as upstream, TLS and plain", async () => {
  await using site = await makeSite();
  const ports = [freePort(), freePort()];
  const config = await site.write(
    "upstream.conf",
    `listen: {port: ${ports[0]}, host: 127.0.0.1, ssl: {certificate-file: ${site.certificate}, ` +
      `key-file: ${site.key}}}\n` +
      `hosts:\n  default:\n    listen: {port: ${ports[1]}, host: 127.0.0.1}\n` +
      `    paths: {/: {file.dir: ${site.path}/www}}\n`,
  );
  await using _server = await start("h2o", ["-c", config], tcp(ports[1]));
  await using secure = await TestProxy.before(`https://localhost:${ports[0]}/`, [], site.trust);
  await assertAllAnswered(secure);
  await using plain = await TestProxy.before(`http://localhost:${ports[1]}/`, [], cleartext);
  await assertAllAnswered(plain);
});

Deno.test("a WebSocket goes to an upstream as a stream, and over HTTP/1.1 with TLS", async () => {
  await using folder = await tempFolder();
  const app = await folder.write(
    "app.js",
    appWith(`(request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send("echo " + data);
      return response;
    }`),
  );
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost", "127.0.0.1"], crt, key);
  await using plain = await startServe({ args: [app] });
  const flags = ["--tls", "--cert", crt, "--key", key];
  await using secure = await startServe({ args: [app, ...flags] });
  const rows = [
    [`http://127.0.0.1:${plain.port}/`, cleartext],
    [`https://127.0.0.1:${secure.port}/`, `proxy.http2.ratio: 100\nproxy.ssl.cafile: ${crt}`],
  ] as const;
  for (const [url, how] of rows) {
    await using proxy = await TestProxy.before(url, ["proxy.websocket: ON"], how);
    const socket = new WebSocket(urlOf(proxy).replace("http", "ws"));
    const messages: string[] = [];
    const closed = new Promise<number>((resolve) => {
      socket.onopen = () => {
        socket.send("a");
        socket.send("b".repeat(100_000));
      };
      socket.onmessage = ({ data }) => {
        messages.push(String(data));
        if (messages.length === 2) socket.close(1000);
      };
      socket.onclose = ({ code }) => resolve(code);
    });
    assertEquals(await closed, 1000);
    assertEquals(messages.map((text) => text.length), [6, 100_005]);
  }
});

Deno.test("a WebSocket that an HTTP/2 upstream does not take is a 502", async () => {
  await using server = new Http2Server();
  await using proxy = await TestProxy.before(server.url, ["proxy.websocket: ON"], cleartext);
  const fields =
    "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const answer = await proxy.exchange(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
  assertEquals(parts(answer).status, 502);
  assertEquals(server.requestCount, 0);
});

Deno.test("refused streams and those above a GOAWAY are sent again, a POST too", async () => {
  let refusals = 0;
  await using server = new Http2Server({
    onRequest(peer, id) {
      refusals++;
      if (refusals === 1) return peer.reset(id, Code.refusedStream);
      if (refusals === 2) return peer.goaway(id - 2);
      peer.answer(id, `after ${refusals}`);
    },
  });
  await using proxy = await TestProxy.before(server.url, [], cleartext);
  const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
  const answer = parts(await proxy.exchange(post));
  assertEquals([answer.status, answer.body], [200, "7\r\nafter 3\r\n0\r\n\r\n"]);
  assertEquals(server.connections.map(({ requestCount }) => requestCount), [2, 1]);
});

Deno.test("HTTP_1_1_REQUIRED sends a GET again over HTTP/1.1, and the peer's next requests", async () => {
  for (const isGoaway of [false, true]) {
    await using server = new Http2Server({
      http1: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold",
      onRequest(peer, id) {
        if (isGoaway) peer.goaway(id - 1, Code.http11Required);
        else peer.reset(id, Code.http11Required);
      },
    });
    await using proxy = await TestProxy.before(server.url, [], cleartext);
    for (const path of ["/1", "/2"]) {
      const { status, body } = parts(await proxy.get(path));
      assertEquals([status, body], [200, "old"], path);
    }
    assertEquals([server.http1Requests, server.requestCount], [["GET /1", "GET /2"], 1]);
  }
});

Deno.test("HTTP_1_1_REQUIRED is a 502 for a POST, which is not repeated, and for gRPC a status", async () => {
  await using server = new Http2Server({
    http1: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold",
    onRequest: (peer, id) => peer.reset(id, Code.http11Required),
  });
  await using proxy = await TestProxy.before(server.url, [], cleartext);
  const post = (fields: string) =>
    `POST / HTTP/1.1\r\nHost: h\r\n${fields}Content-Length: 2\r\nConnection: close\r\n\r\nab`;
  const call = await proxy.exchange(post("Content-Type: application/grpc\r\nTE: trailers\r\n"));
  assert(/^grpc-status: 14\r$/im.test(parts(call).head), call);
  await using other = await TestProxy.before(server.url, [], cleartext);
  assertEquals(parts(await other.exchange(post(""))).status, 502);
  assertEquals([server.http1Requests, server.requestCount], [[], 2]);
  assertEquals(parts(await other.exchange(post(""))).status, 200);
});

Deno.test("a stream that was reset after its request is not sent again when it is a POST", async () => {
  await using server = new Http2Server({
    onRequest: (peer, id) => peer.reset(id, Code.internalError),
  });
  await using proxy = await TestProxy.before(server.url, [], cleartext);
  const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
  assertEquals(parts(await proxy.exchange(post)).status, 502);
  assertEquals(server.requestCount, 1);
  await proxy.child.waitForLine("peer reset the stream: INTERNAL_ERROR");
});

Deno.test("clients share a connection up to the streams that both sides allow", async () => {
  const waiting: (() => void)[] = [];
  await using server = new Http2Server({
    settings: [[Setting.maxConcurrentStreams, 3]],
    onRequest(peer, id) {
      waiting.push(() => peer.answer(id));
    },
  });
  const own = `${cleartext}\nproxy.http2.max-concurrent-streams: 2`;
  await using proxy = await TestProxy.before(server.url, [], own);
  const clients = Array.from({ length: 5 }, () => proxy.get("/"));
  await proxy.child.waitUntil("5 requests", () => waiting.length === 5 || null);
  assertEquals(server.connections.map(({ openMax }) => openMax), [2, 2, 1]);
  for (const answer of waiting) answer();
  for (const answer of await Promise.all(clients)) assertEquals(parts(answer).status, 200);
});

Deno.test("grpc-timeout ends a call whose server does not answer, and one whose answer stalls", async () => {
  await using server = new Http2Server({
    onRequest(peer, id) {
      if (peer.requestCount === 2) peer.head(id);
    },
  });
  await using proxy = await TestProxy.before(server.url, [], cleartext);
  const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\n" +
    "TE: trailers\r\ngrpc-timeout: 200m\r\nContent-Length: 5\r\nConnection: close\r\n\r\n\0\0\0\0\0";
  const first = parts(await proxy.exchange(post));
  assertEquals(first.status, 200);
  assert(/^grpc-status: 4\r$/im.test(first.head), first.head);
  const second = latin1(new TextEncoder().encode(await proxy.exchange(post)));
  assert(
    second.endsWith("grpc-status: 4\r\ngrpc-message: grpc-timeout has passed\r\n\r\n"),
    second,
  );
  assertEquals(server.connections[0].resets.map(([, code]) => code), [Code.cancel, Code.cancel]);
});

Deno.test("trailers of an HTTP/2 upstream reach a client of HTTP/1.1", async () => {
  await using server = new Http2Server({
    onRequest(peer, id) {
      peer.head(id);
      peer.data(id, "abc", false);
      // `x-sum: 7` as a literal that is not indexed.
      const block = Uint8Array.of(0, 5, ...new TextEncoder().encode("x-sum"), 1, 0x37);
      peer.frame(Type.headers, 5, id, block);
    },
  });
  await using proxy = await TestProxy.before(server.url, [], cleartext);
  const { body } = parts(await proxy.get("/", "TE: trailers\r\n"));
  assertEquals(body, "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n");
});

Deno.test("with a PROXY header a connection over HTTP/2 serves one request of its client", async () => {
  await using back = await TestProxy.start(`
listen: {port: PORT, host: 127.0.0.1, proxy-protocol: required}
access-log: {path: DIR/log, format: "%h %H"}
hosts: {default: {paths: {/: {status: ON}}}}
`);
  const server = new URL(urlOf(back)).host;
  await using front = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1, proxy-protocol: ON}
${cleartext}
upstreams: {app: {servers: ["${server}"], proxy_protocol: v2}}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`,
  );
  for (const ip of ["192.0.2.1", "192.0.2.2"]) {
    const request = `GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    const answer = await front.exchange(`PROXY TCP4 ${ip} 10.0.0.1 4000 80\r\n${request}`);
    assertEquals(parts(answer).status, 200);
  }
  const log = await back.child.waitUntil("two log lines", async () => {
    const text = await Deno.readTextFile(`${back.folder.path}/log`);
    return text.split("\n").length === 3 ? text : null;
  });
  assertEquals(log, "192.0.2.1 HTTP/2\n192.0.2.2 HTTP/2\n");
});
