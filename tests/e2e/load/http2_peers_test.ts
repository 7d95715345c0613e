/** `hayate load --http2` against nghttpd, nginx, h2o and Deno.serve. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child, runHayate } from "../../support/binary.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";

// Loaded here, so that no single test is blamed for what stays open for the thread's life.
libssl();

const page = "hello, world";

interface Site extends TempFolder {
  readonly certificate: string;
  readonly key: string;
}

/** A folder with a page and a certificate for localhost. */
async function makeSite(): Promise<Site> {
  const folder = await tempFolder();
  const certificate = `${folder.path}/c.pem`, key = `${folder.path}/k.pem`;
  writeSelfSigned(["localhost", "127.0.0.1"], certificate, key);
  await folder.write("www/index.html", page);
  // nginx changes to another user where it is started by root.
  await Deno.chmod(folder.path, 0o755);
  return { ...folder, certificate, key };
}

/** Starts a peer and waits for its address. */
async function start(program: string, args: string[], address: Address): Promise<Child> {
  const child = new Child(peerPath(program), args);
  await child.waitForSocket(address);
  return child;
}

async function assertAllAnswered(url: string, ...flags: string[]): Promise<void> {
  const run = await measure("--http2", "-n", "500", "-c3", "-m8", ...flags, url);
  const { requestsSent, requestsAnswered, requestsFailed, responsesByStatus } = run;
  assertEquals([requestsSent, requestsAnswered, requestsFailed], [500, 500, 0]);
  assertEquals(responsesByStatus, { 200: 500 });
}

for (const isSecure of [false, true]) {
  peerTest(
    "nghttpd",
    `load over HTTP/2 against nghttpd, ${isSecure ? "TLS" : "plain"}`,
    async () => {
      await using site = await makeSite();
      const port = freePort();
      const how = isSecure ? [`${port}`, site.key, site.certificate] : ["--no-tls", `${port}`];
      // nghttpd discards bodies unless asked to echo them.
      const args = ["-a", "127.0.0.1", "-d", `${site.path}/www`, "--echo-upload", ...how];
      await using _server = await start("nghttpd", args, tcp(port));
      const url = `${isSecure ? "https" : "http"}://localhost:${port}/`;
      await assertAllAnswered(url, "--cacert", site.certificate);
      const body = "x".repeat(100_000);
      const args2 = ["-n", "40", "-c2", "-m4", "-k", "-b", body, url];
      const run = await measure("--http2", ...args2);
      assertEquals([run.requestsAnswered, run.requestsFailed], [40, 0]);
      assert(run.bytesSent > 4_000_000 && run.bytesRead > 4_000_000);
    },
  );
}

/** nginx with TLS on `port`, limits on `port + 1`, HTTP/1.1 alone on `port + 2`, and a unix socket. */
async function startNginx(site: Site, ports: readonly number[]): Promise<Child> {
  const tls = `ssl_certificate ${site.certificate}; ssl_certificate_key ${site.key};`;
  const [full, limited, old] = ports.map((port) => `listen 127.0.0.1:${port} ssl`);
  const config = await site.write(
    "nginx.conf",
    `daemon off; worker_processes 1; pid ${site.path}/pid; error_log ${site.path}/error.log;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${site.path}/body; proxy_temp_path ${site.path}/proxy;
  fastcgi_temp_path ${site.path}/fcgi; uwsgi_temp_path ${site.path}/uwsgi; scgi_temp_path ${site.path}/scgi;
  root ${site.path}/www;
  server { ${full} http2; listen unix:${site.path}/s.sock http2; ${tls} }
  server { ${limited} http2; ${tls} keepalive_requests 20; http2_max_concurrent_streams 2; }
  server { ${old}; ${tls} }
}\n`,
  );
  return await start("nginx", ["-p", site.path, "-c", config], tcp(ports[0]));
}

peerTest(
  "nginx",
  "load over HTTP/2 against nginx: TLS, a unix socket, GOAWAYs, limits, ALPN",
  async () => {
    await using site = await makeSite();
    const ports = [freePort(), freePort(), freePort()];
    await using _server = await startNginx(site, ports);
    await assertAllAnswered(`https://localhost:${ports[0]}/`, "--cacert", site.certificate);
    await assertAllAnswered("http://localhost/", "-P", `${site.path}/s.sock`);
    await assertAllAnswered(`https://localhost:${ports[1]}/`, "-k");
    await assertAllAnswered(`https://localhost:${ports[1]}/`, "-k", "-R", "2000");
    const { code, stderr } = await runHayate(
      ["load", "--http2", "-k", "-c1", `https://localhost:${ports[2]}/`],
    );
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^hayate load: localhost \(.*\) does not speak HTTP\/2: it chose http\/1\.1/,
    );
  },
);

peerTest("h2o", "load over HTTP/2 against h2o, TLS and plain", async () => {
  await using site = await makeSite();
  const ports = [freePort(), freePort()];
  const config = await site.write(
    "h2o.conf",
    `listen: {port: ${ports[0]}, host: 127.0.0.1, ssl: {certificate-file: ${site.certificate}, ` +
      `key-file: ${site.key}}}\n` +
      `hosts:\n  default:\n    listen: {port: ${ports[1]}, host: 127.0.0.1}\n` +
      `    paths: {/: {file.dir: ${site.path}/www}}\n`,
  );
  await using _server = await start("h2o", ["-c", config], tcp(ports[1]));
  await assertAllAnswered(`https://localhost:${ports[0]}/`, "-k");
  await assertAllAnswered(`http://localhost:${ports[1]}/`);
});

Deno.test("a script's requests and responses are the same over HTTP/2", async () => {
  await using folder = await tempFolder();
  const seen = new Set<string>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, host } = new URL(request.url);
      const { method, headers } = request;
      const fields = ["x-number", "connection", "content-type"].map((name) => headers.get(name));
      seen.add([method, pathname, host !== "", ...fields, await request.text()].join(" "));
      return new Response(`answer to ${pathname}`, { headers: { "x-path": pathname } });
    },
  );
  const script = await folder.write(
    "script.js",
    `let count = 0, faults = 0;
export function request() {
  count++;
  const headers = { "X-Number": count, "Content-Type": "text/x", "Connection": "keep-alive" };
  return wrk.format("PUT", "/" + count, headers, "body " + count);
}
export function response(status, headers, body) {
  if (status !== 200 || body !== "answer to " + headers["x-path"]) faults++;
}
export function done(summary) {
  console.log("summary", summary.requests, faults);
}
`,
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { stdout } = await runHayate(
    ["load", "--http2", "-c2", "-m3", "-n60", "-s", script, url],
  );
  assertMatch(stdout, /summary 60 0\n/);
  assertEquals(seen.size, 60);
  assert(seen.has("PUT /7 true 7  text/x body 7"), [...seen].join("\n"));
});

Deno.test("a script may return one array again, with other contents, over HTTP/2", async () => {
  await using folder = await tempFolder();
  const seen: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      seen.push(`${new URL(request.url).pathname} ${request.headers.get("x-number")}`);
      return new Response(null, { status: 204 });
    },
  );
  const script = await folder.write(
    "script.js",
    `const encoder = new TextEncoder();
const bytes = encoder.encode("GET /0 HTTP/1.1\\r\\nHost: a\\r\\nX-Number: 0\\r\\n\\r\\n");
let count = 0;
export function request() {
  const digit = 48 + count++ % 10;
  bytes[5] = bytes[bytes.length - 5] = digit;
  return bytes;
}
`,
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  await runHayate(["load", "--http2", "-c1", "-m1", "-n60", "-s", script, url]);
  assertEquals(seen, Array.from({ length: 60 }, (_, i) => `/${i % 10} ${i % 10}`));
});

Deno.test("load --http2 sends to several URLs, with methods, fields and a warm-up", async () => {
  await using folder = await tempFolder();
  const counts = new Map<string, number>();
  const answer = (request: Request) => {
    const { pathname, username } = new URL(request.url);
    const { method, headers } = request;
    const key = [method, pathname, headers.get("cookie"), headers.get("authorization")].join(" ");
    counts.set(key + username, (counts.get(key) ?? 0) + 1);
    return new Response(null, { status: 204 });
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using one = Deno.serve(options, answer);
  await using two = Deno.serve(options, answer);
  const urls = await folder.write(
    "urls",
    `http://127.0.0.1:${one.addr.port}/a\nPOST http://127.0.0.1:${one.addr.port}/b?q\n` +
      `DELETE http://u:p@127.0.0.1:${two.addr.port}/c\n`,
  );
  const flags = ["--urls", urls, "-H", "Cookie: a=1; b=2", "--warmup", "200ms", "-d", "500ms"];
  const { stdout, code } = await runHayate(["load", "--http2", "-c2", "-m4", ...flags]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Protocol: HTTP/2");
  assertEquals([...counts.keys()].sort(), [
    "DELETE /c a=1; b=2 Basic dTpw",
    "GET /a a=1; b=2 ",
    "POST /b a=1; b=2 ",
  ]);
});
