/** The access log of hayate proxy: fields of responses, upstreams and handshakes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Child, startListening } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { H2oPair } from "./h2o_pair.ts";
import { response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

/** A proxy that logs `format`; `paths` are lines of the host's paths. */
async function start(format: string, paths: readonly string[], more = ""): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/access.log, format: '${format}'}
${more}
hosts:
  default:
    paths:
${paths.map((line) => `      ${line}`).join("\n")}
`);
}

/** The lines, after the proxy has flushed them and exited. */
async function linesOf(proxy: TestProxy): Promise<string[]> {
  await proxy.child.stop();
  return (await Deno.readTextFile(`${proxy.folder.path}/access.log`)).replace(/\n$/, "").split(
    "\n",
  );
}

const fields = "X-Up: first\r\nX-Up: second\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
  'Content-Type: text/plain\r\nETag: "x"\r\n';

/** Reads bodies, and answers 503 below /bad. */
function upstream(): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (length > 0) await peer.raw.readBytes(length);
      const status = head.split(" ")[1].startsWith("/bad") ? "503 Bad" : "200 OK";
      await peer.send(response("x".repeat(200), fields, status));
    }
  });
}

Deno.test("Fields of proxied responses, files, redirects and errors are logged as sent", async () => {
  await using app = upstream();
  await using proxy = await start("%U %s %{content-type}o|%{X-Up}o|%{set-cookie}o|%{location}o", [
    `/: {proxy.reverse.url: "http://127.0.0.1:${app.port}/"}`,
    `/set: {proxy.reverse.url: "http://127.0.0.1:${app.port}/", header.set: "Content-Type: a/b"}`,
    "/files: {file.dir: DIR}",
    '/to: {redirect: "http://new.test/"}',
  ]);
  await proxy.folder.write("a.css", "body {}");
  for (const path of ["/", "/set", "/files/a.css", "/files/none", "/to/y"]) await proxy.get(path);
  assertEquals(await linesOf(proxy), [
    "/ 200 text/plain|first|a=1, b=2|-",
    "/set 200 a/b|first|a=1, b=2|-",
    "/files/a.css 200 text/css; charset=UTF-8|-|-|-",
    "/files/none 404 text/plain; charset=utf-8|-|-|-",
    "/to/y 302 text/html; charset=utf-8|-|-|http://new.test/y",
  ]);
});

Deno.test("%<{Name}o is the field before rules changed it, %<s the status before an error document", async () => {
  await using app = upstream();
  const format = "%U %s %<s %{content-type}o %<{content-type}o %{error}x";
  await using proxy = await start(format, [
    `/: {proxy.reverse.url: "http://127.0.0.1:${app.port}/", header.set: "Content-Type: a/b"}`,
    "/files: {file.dir: DIR}",
    '/doc: {proxy.reverse.url: "http://127.0.0.1:1/", error-doc: {status: 502, url: /files/e.html}}',
  ]);
  await proxy.folder.write("e.html", "<b>sorry</b>");
  await proxy.get("/");
  await proxy.get("/doc");
  assertEquals(await linesOf(proxy), [
    "/ 200 200 a/b text/plain ",
    "/doc 502 502 text/html; charset=UTF-8 text/plain; charset=utf-8 connection refused",
  ]);
});

Deno.test("Sizes and times of the upstream exchange are logged, with the server and the number of tries", async () => {
  await using app = upstream();
  const sizes = ["request-bytes", "request-bytes-header", "request-bytes-body", "response-bytes"]
    .concat("response-bytes-header", "response-bytes-body");
  const times = ["idle", "connect", "request", "process", "response", "total"];
  const format = "%{upstream-name}x %{upstream-addr}x %{upstream-tries}x %{upstream-status}x|" +
    `%{request-body-bytes}x %{http1.request-index}x|` +
    `${sizes.map((name) => `%{proxy.${name}}x`).join(" ")}|` +
    times.map((name) => `%{proxy.${name}-time}x`).join(" ") +
    "|%{connect-time}x %{request-header-time}x %{request-body-time}x %{process-time}x " +
    "%{response-time}x %{duration}x";
  await using proxy = await start(
    format,
    [`/: {proxy.reverse.url: "http://app/"}`],
    `upstreams: {app: {servers: ["127.0.0.1:1", "127.0.0.1:${app.port} backup"]}}`,
  );
  const answer = await proxy.exchange(
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345",
  );
  const [line] = await linesOf(proxy);
  const [who, counts, bytes, phases, own] = line.split("|");
  assertEquals(who, `app 127.0.0.1:${app.port} 2 200`);
  assertEquals(counts, "5 1");
  const [request, requestHead, requestBody, all, head, body] = bytes.split(" ").map(Number);
  assertEquals([requestHead, requestBody], [app.heads[0].length, 5]);
  assertEquals([request, all], [requestHead + 5, head + body]);
  assertEquals([head, body], [response("x".repeat(200), fields).length - 200, 200]);
  assertEquals(answer.startsWith("HTTP/1.1 200"), true);
  for (const time of [...phases.split(" "), ...own.split(" ")]) {
    assertMatch(time, /^\d+(\.\d{6})?$/, line);
  }
});

Deno.test("A request that no upstream accepted, and one without an upstream, are logged as such", async () => {
  await using proxy = await start(
    "%s %{upstream-addr}x %{upstream-tries}x %{upstream-status}x %{proxy.total-time}x %{error}x",
    [
      '/: {proxy.reverse.url: "http://127.0.0.1:1/"}',
      "/files: {file.dir: DIR}",
    ],
  );
  await proxy.folder.write("a.txt", "text");
  await proxy.get("/");
  await proxy.get("/files/a.txt");
  const [failed, file] = await linesOf(proxy);
  assertMatch(failed, /^502 127\.0\.0\.1:1 1 - [\d.]+ connection refused$/);
  assertEquals(file, "200 - - - - ");
});

Deno.test("JSON and LTSV lines name the upstream, its tries and its time", async () => {
  for (const format of ["json", "ltsv"]) {
    await using app = upstream();
    await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/access.log, format: ${format}}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${app.port}/"}, /f: {file.dir: DIR}}}}
`);
    await proxy.get("/");
    await proxy.get("/f/none");
    const lines = (await linesOf(proxy)).map((line) =>
      format === "json"
        ? JSON.parse(line)
        : Object.fromEntries(line.split("\t").map((pair) => pair.split(/:(.*)/s).slice(0, 2)))
    );
    const isJson = format === "json";
    const none = isJson ? null : "-";
    const [address, tries] = isJson ? ["upstream", "upstream_tries"] : ["upstream", "tries"];
    assertEquals(lines.map((one) => one[address]), [`127.0.0.1:${app.port}`, none]);
    assertEquals(lines.map((one) => one[tries]), [isJson ? 1 : "1", none]);
    assert(Number(lines[0][isJson ? "upstream_time" : "apptime"]) >= 0);
  }
});

Deno.test("An error document is sent without the validators of its file, and variables are logged", async () => {
  await using proxy = await start("%s %{TEAM}e %{etag}o %{cache-control}o %{content-type}o", [
    "/files: {file.dir: DIR, setenv: {TEAM: blue}}",
    '/doc: {proxy.reverse.url: "http://127.0.0.1:1/", error-doc: {status: 502, url: /late/e.html}}',
    "/late: {file.dir: DIR, expires: 1 hour}",
  ]);
  await proxy.folder.write("e.html", "<b>sorry</b>");
  const answer = await proxy.get("/doc");
  assertEquals(/\r\n(etag|last-modified|accept-ranges|cache-control):/i.test(answer), false);
  await proxy.get("/files/none");
  assertEquals(await linesOf(proxy), [
    "502 - - - text/html; charset=UTF-8",
    "404 blue - - text/plain; charset=utf-8",
  ]);
});

peerTest(
  ["openssl", "curl"],
  "The negotiated TLS parameters are logged for the client's and the upstream's side",
  async () => {
    await using folder = await tempFolder();
    const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"];
    await using certificate = new Child(peerPath("openssl"), [
      ...make,
      ...["-days", "1", "-keyout", `${folder.path}/k.pem`, "-out", `${folder.path}/c.pem`],
    ]);
    assertEquals((await certificate.result()).code, 0);
    const port = freePort();
    const names = ["protocol-version", "cipher", "cipher-bits", "session-reused", "server-name"];
    const config = await folder.write(
      "h2o.conf",
      `listen:
  port: ${port}
  host: 127.0.0.1
  ssl: {certificate-file: ${folder.path}/c.pem, key-file: ${folder.path}/k.pem}
access-log: {path: ${folder.path}/access.log, format: '${
        names.map((name) => `%{ssl.${name}}x`).join(" ")
      } %{proxy.ssl.protocol-version}x %{proxy.ssl.cipher-bits}x'}
proxy.ssl.verify-peer: OFF
hosts:
  default:
    paths:
      /: {file.dir: ${folder.path}}
      /up: {proxy.reverse.url: "https://127.0.0.1:${port}/"}
`,
    );
    await using proxy = await startListening(["proxy", "-c", config], tcp(port));
    const curl = new Child(peerPath("curl"), [
      ...["-ks", "--tls-max", "1.2", "--resolve", `name.test:${port}:127.0.0.1`],
      `https://name.test:${port}/up/c.pem`,
    ]);
    assertEquals((await curl.result()).code, 0);
    await proxy.stop();
    const [inner, outer] = (await Deno.readTextFile(`${folder.path}/access.log`)).split("\n");
    assertMatch(inner, /^TLSv1\.3 TLS_\S+ (128|256) 0 (-|127\.0\.0\.1) - -$/);
    assertMatch(outer, /^TLSv1\.2 ECDHE-RSA-\S+ (128|256) 0 name\.test TLSv1\.3 (128|256)$/);
  },
);

peerTest("h2o", "Response fields are logged as h2o logs them", async () => {
  await using app = upstream();
  const known = ["%m %U %s %b %H %V", "%{x-up}o", "%<{x-up}o", "%{set-cookie}o", "%{content-type}o"]
    .concat("%<{content-type}o", "%{x-add}o", "%<{x-add}o", "%{location}o", "%{cache-control}o")
    .concat(
      "%{TEAM}e",
      "%{cookie}i",
      "%{http1.request-index}x",
      "%{ssl.cipher}x",
      "%{no-such}x",
      "%{none}o",
    );
  await using pair = await H2oPair.start(
    `listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/PORT.log, format: '${known.join("|")}'}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${app.port}/", header.set: "X-Add: 1", header.unset: x-up}
      /plain: {proxy.reverse.url: "http://127.0.0.1:${app.port}/", setenv: {TEAM: blue}}
      /files: {file.dir: DIR/root, expires: 1 hour}
      /to: {redirect: "http://new.test/x"}
`,
    { "root/a.png": "not really" },
  );
  const requests = [
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n",
    "GET /bad?q=1 HTTP/1.1\r\nHost: h\r\n",
    "HEAD /plain HTTP/1.1\r\nHost: h\r\n",
    "GET /plain HTTP/1.0\r\nHost: h\r\n",
    "GET /files/a.png HTTP/1.1\r\nHost: h\r\n",
    "GET /files/a.png HTTP/1.1\r\nHost: h\r\nRange: bytes=0-4\r\n",
    "GET /to/y HTTP/1.1\r\nHost: h\r\n",
  ];
  for (const request of requests) await pair.exchange(`${request}Connection: close\r\n\r\n`);
  await pair.stop();
  const [theirs, ours] = await Promise.all(
    pair.ports.map((port) => Deno.readTextFile(`${pair.folder.path}/${port}.log`)),
  );
  assertEquals(ours.split("\n"), theirs.split("\n"));
});

Deno.test("%A and %p are logged when the connection closes with the response", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/access.log, format: "%A %p %{local}p %s"}
hosts: {default: {paths: {/: {file.dir: DIR}}}}
`);
  await proxy.get("/none");
  await proxy.exchange("GET /h2o.conf HTTP/1.0\r\n\r\n");
  const port = proxy.address.kind === "tcp" ? proxy.address.port : 0;
  assertEquals(await linesOf(proxy), [
    `127.0.0.1 ${port} ${port} 404`,
    `127.0.0.1 ${port} ${port} 200`,
  ]);
});

Deno.test("A tunnel is logged at its end, with the bytes sent to the client", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n12345",
    );
    await peer.raw.readUntil(";");
    await peer.send("x".repeat(1000));
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "proxy.websocket: ON",
    'access-log: {path: DIR/access.log, format: "%s %b %p %m"}',
  ]);
  {
    using client = await proxy.connect();
    await client.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await client.readUntil("12345");
    await client.send("go;");
    assertEquals(await client.waitForClose(), true);
  }
  const port = proxy.address.kind === "tcp" ? proxy.address.port : 0;
  // Apache's %b: bytes of the response without its head.
  assertEquals(await linesOf(proxy), [`101 1005 ${port} GET`]);
});
