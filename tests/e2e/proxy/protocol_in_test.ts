/** PROXY protocol in front of hayate: the client address, and which connections are refused. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { relayedHeader } from "../../../mod/proxy_protocol/mod.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { binaryPath, Child, startHayate } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { connectTo, RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { always, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const client = { kind: "tcp", host: "192.0.2.1", port: 4660 } as const;
const server = { kind: "tcp", host: "198.51.100.7", port: 80 } as const;
const v2Local = binary(0x20, 0);

/** A header of version 2 without addresses. */
function binary(command: number, family: number): string {
  return `\r\n\r\n\0\r\nQUIT\n${String.fromCharCode(command, family)}\0\0`;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Bytes of `header`, one by one, followed by a request. */
function before(header: Uint8Array | string): Uint8Array {
  const first = typeof header === "string" ? bytesOf(header) : header;
  return Uint8Array.from([...first, ...bytesOf(get)]);
}

/** The client address that the upstream got last; "" for none. */
function forwardedFor(upstream: ScriptedUpstream): string {
  return /^x-forwarded-for: (.*)$/m.exec(upstream.heads.at(-1) ?? "")?.[1].trim() ?? "";
}

async function start(upstream: ScriptedUpstream, listen: string, more = ""): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1, ${listen}}
handshake-timeout: 1
${more}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`);
}

Deno.test("proxy-protocol: ON uses the client address of the header", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: ON");
  const rows: [Uint8Array | string, string][] = [
    ["PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n", "192.0.2.1"],
    ["PROXY TCP6 2001:db8::1 2001:db8::2 4660 80\r\n", "2001:db8::1"],
    ["PROXY TCP6 ::ffff:192.0.2.9 2001:db8::2 4660 80\r\n", "192.0.2.9"],
    ["PROXY UNKNOWN\r\n", "127.0.0.1"],
    [relayedHeader(2, client, server), "192.0.2.1"],
    [v2Local, "127.0.0.1"],
    ["", "127.0.0.1"],
  ];
  for (const [header, expected] of rows) {
    assertStringIncludes(await rawExchange(proxy.address, before(header)), " 200 OK");
    assertEquals(forwardedFor(upstream), expected, JSON.stringify(header));
  }
});

Deno.test("a PROXY protocol header may arrive byte by byte, and requests follow on the connection", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: REQUIRED");
  for (const header of [relayedHeader(1, client, server), relayedHeader(2, client, server)]) {
    using connection = await proxy.connect();
    const request = bytesOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for (const byte of [...header, ...request]) await connection.send(Uint8Array.of(byte));
    await connection.readUntil("\r\n\r\nok");
    assertEquals(forwardedFor(upstream), "192.0.2.1");
    await connection.send(request);
    await connection.readUntil("\r\n\r\nok");
    assertEquals(forwardedFor(upstream), "192.0.2.1");
  }
});

Deno.test("proxy-protocol: REQUIRED closes connections without a header and logs it", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: REQUIRED");
  assertEquals(await rawExchange(proxy.address, get), "");
  await proxy.child.waitForLine(
    /PROXY protocol from 127\.0\.0\.1:\d+: there is no header; the connection is closed/,
  );
  assertEquals(upstream.heads, []);
  assertMatch(await rawExchange(proxy.address, before("PROXY UNKNOWN\r\n")), / 200 OK/);
});

Deno.test("proxy-protocol: {from} requires a header from these peers and refuses it from others", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const header = relayedHeader(1, client, server);
  await using strict = await start(upstream, "proxy-protocol: {from: 127.0.0.0/8}");
  assertEquals(await rawExchange(strict.address, get), "");
  assertStringIncludes(await rawExchange(strict.address, before(header)), " 200 OK");
  assertEquals(forwardedFor(upstream), "192.0.2.1");
  await using other = await start(upstream, "proxy-protocol: {from: 10.0.0.0/8}");
  assertStringIncludes(await rawExchange(other.address, get), " 200 OK");
  assertEquals(forwardedFor(upstream), "127.0.0.1");
  // Here the header is the first line of another protocol.
  assertEquals(await rawExchange(other.address, before(header)), "");
});

for (const setting of ["ON", "REQUIRED"]) {
  Deno.test(`proxy-protocol: ${setting} closes connections with an invalid header, with one line`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("ok")));
    await using proxy = await start(upstream, `proxy-protocol: ${setting}`);
    assertEquals(
      await rawExchange(proxy.address, before("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n")),
      "",
    );
    await proxy.child.waitForLine(/PROXY protocol from \S+: the line is malformed/);
    assertEquals(proxy.child.stderr.match(/PROXY protocol from/g)?.length, 1);
    assertEquals(await rawExchange(proxy.address, before(binary(0x31, 0x11))), "");
    assertEquals(await rawExchange(proxy.address, `PROXY UNKNOWN ${"x".repeat(300)}`), "");
    assertEquals(upstream.heads, []);
  });
}

Deno.test("a PROXY protocol header that is late ends the connection", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: ON");
  using connection = await proxy.connect();
  await connection.send("PROXY TCP4 192.0.2.1");
  assert(await connection.waitForClose());
  await proxy.child.waitForLine("timed out waiting for the header");
  // A balancer that only probes the port is not logged.
  const lines = proxy.child.stderr.split("\n").length;
  using probe = await proxy.connect();
  await probe.halfClose();
  assert(await probe.waitForClose());
  assertEquals(proxy.child.stderr.split("\n").length, lines);
});

Deno.test("a PROXY protocol header precedes the TLS handshake", async () => {
  await using folder = await tempFolder();
  const [certificate, key] = [`${folder.path}/a.crt`, `${folder.path}/a.key`];
  writeSelfSigned(["localhost"], certificate, key);
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const ssl = `ssl: {certificate-file: ${certificate}, key-file: ${key}}`;
  await using proxy = await start(upstream, `proxy-protocol: REQUIRED, ${ssl}`);
  for (const header of [relayedHeader(1, client, server), relayedHeader(2, client, server)]) {
    const plain = await connectTo(proxy.address) as Deno.TcpConn;
    await plain.write(header);
    const secure = await Deno.startTls(plain, {
      hostname: "localhost",
      caCerts: [await Deno.readTextFile(certificate)],
    });
    using connection = new RawConnection(secure);
    await connection.send(get);
    await connection.readUntil("\r\n\r\nok");
    assertEquals(forwardedFor(upstream), "192.0.2.1");
    assertStringIncludes(upstream.heads.at(-1)!, "x-forwarded-proto: https");
  }
});

Deno.test("PROXY protocol headers are read on unix sockets and on sockets of a supervisor", async () => {
  await using folder = await tempFolder();
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const [port, path] = [freePort(), `${folder.path}/a.sock`];
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1, proxy-protocol: REQUIRED}
listen: {port: ${path}, type: unix, proxy-protocol: ON}
access-log: {path: ${folder.path}/access.log, format: "%h:%{remote}p %A:%p"}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`,
  );
  await using supervisor = startHayate(
    ["supervise", "--port", `127.0.0.1:${port}`, "--", binaryPath, "proxy", "-c", file],
  );
  await supervisor.waitForLine(`listening on ${path}`);
  const addresses: Address[] = [tcp(port), unix(path)];
  for (const address of addresses) {
    const header = relayedHeader(2, client, server);
    assertStringIncludes(await rawExchange(address, before(header)), " 200 OK");
    assertEquals(forwardedFor(upstream), "192.0.2.1");
  }
  assertStringIncludes(await rawExchange(unix(path), get), " 200 OK");
  assertEquals(forwardedFor(upstream), "");
  await supervisor.stop();
  assertEquals(
    await Deno.readTextFile(`${folder.path}/access.log`),
    "192.0.2.1:4660 198.51.100.7:80\n192.0.2.1:4660 198.51.100.7:80\n-:- -:-\n",
  );
});

Deno.test("every worker reads PROXY protocol headers", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: REQUIRED", "num-threads: 2");
  for (let i = 1; i <= 20; i++) {
    const header = relayedHeader(2, { ...client, host: `192.0.2.${i}` }, server);
    assertStringIncludes(await rawExchange(proxy.address, before(header)), " 200 OK");
    assertEquals(forwardedFor(upstream), `192.0.2.${i}`);
  }
});

Deno.test("files are sent whole on connections with a PROXY protocol header", async () => {
  await using folder = await tempFolder();
  const text = "0123456789abcdef".repeat(65_536);
  await folder.write("big.txt", text);
  await using proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1, proxy-protocol: ON}
hosts: {default: {paths: {/: {file.dir: ${folder.path}}}}}
`,
  );
  using connection = await proxy.connect();
  await connection.send(relayedHeader(1, client, server));
  await connection.send("GET /big.txt HTTP/1.1\r\nHost: h\r\n\r\n");
  await connection.readUntil("\r\n\r\n");
  assert(await connection.readBytes(text.length) === text);
});

Deno.test("an upgraded connection with a PROXY protocol header passes bytes both ways", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await peer.send(`echo ${await peer.raw.readBytes(4)}`);
    await peer.raw.waitForClose();
  });
  await using proxy = await start(upstream, "proxy-protocol: ON", "proxy.tunnel: ON");
  using connection = await proxy.connect();
  await connection.send(relayedHeader(1, client, server));
  await connection.send(
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  await connection.readUntil("\r\n\r\n");
  await connection.send("ping");
  assertEquals(await connection.readBytes(9), "echo ping");
});

peerTest(
  "haproxy",
  "haproxy's send-proxy and send-proxy-v2 name the client to hayate",
  async () => {
    await using upstream = ScriptedUpstream.start(always(response("ok")));
    await using proxy = await start(upstream, "proxy-protocol: REQUIRED");
    await using folder = await tempFolder();
    const own = proxy.address.kind === "tcp" ? proxy.address.port : 0;
    const options = [
      "send-proxy",
      "send-proxy-v2",
      "send-proxy-v2 proxy-v2-options crc32c,unique-id",
    ];
    const ports = options.map(() => freePort());
    const sections = options.map((option, i) =>
      `listen l${i}
  bind 127.0.0.1:${ports[i]} accept-proxy
  unique-id-format %ci
  server s 127.0.0.1:${own} ${option}
`
    );
    const timeouts = "timeout connect 5s\n  timeout client 5s\n  timeout server 5s";
    const config = `defaults\n  mode http\n  ${timeouts}\n${sections.join("")}`;
    const file = await folder.write("haproxy.cfg", config);
    await using haproxy = new Child(peerPath("haproxy"), ["-f", file]);
    for (const port of ports) {
      await haproxy.waitForSocket(tcp(port));
      const answer = await rawExchange(tcp(port), before("PROXY TCP4 192.0.2.7 127.0.0.1 5 6\r\n"));
      assertStringIncludes(answer, " 200 OK");
      assertEquals(forwardedFor(upstream), "192.0.2.7");
    }
  },
);

peerTest("h2o", "proxy-protocol: ON tells clients apart as h2o's does", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using folder = await tempFolder();
  const config = (port: number) =>
    `listen: {port: ${port}, host: 127.0.0.1, proxy-protocol: ON}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`;
  const port = freePort();
  await using h2o = new Child(peerPath("h2o"), ["-c", await folder.write("a.conf", config(port))]);
  await h2o.waitForSocket(tcp(port));
  await using proxy = await start(upstream, "proxy-protocol: ON");
  const headers = [
    "",
    "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n",
    "PROXY TCP6 2001:db8::1 2001:db8::2 4660 80\r\n",
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN 192.0.2.1 198.51.100.7 4660 80\r\n",
  ];
  for (const header of headers) {
    const clients: string[] = [];
    for (const address of [tcp(port), proxy.address]) {
      assertStringIncludes(await rawExchange(address, before(header)), " 200 OK");
      clients.push(forwardedFor(upstream));
    }
    assertEquals(clients[1], clients[0], header);
  }
  // h2o treats an unreadable header as a request; hayate as a broken header, which may be half read.
  assertMatch(await rawExchange(tcp(port), before("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n")), / 400 /);
});

peerTest("curl", "curl --haproxy-protocol is served over TCP", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(upstream, "proxy-protocol: REQUIRED");
  const { port } = proxy.address as Extract<Address, { kind: "tcp" }>;
  const curl = new Child(peerPath("curl"), [
    ...["-sS", "-m", "10", "--haproxy-protocol", `http://127.0.0.1:${port}/`],
  ]);
  assertEquals((await curl.result()).stdout, "ok");
  assertEquals(forwardedFor(upstream), "127.0.0.1");
});
