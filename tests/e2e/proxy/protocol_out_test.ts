/** PROXY protocol towards upstreams: what is sent, and that haproxy and nginx understand it. */
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { parseProxyHeader, ProxyHeader, relayedHeader } from "../../../mod/proxy_protocol/mod.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { latin1, RawConnection, tcp, unix } from "../../support/raw_socket.ts";
import { parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const client = { kind: "tcp", host: "192.0.2.1", port: 4660 } as const;
const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/** An upstream that requires a header of `version`; it answers with the client that the header names. */
function announced(version: 1 | 2, path?: string): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    const header = new ProxyHeader();
    const first = version === 1
      ? await peer.raw.readUntil("\r\n")
      : await peer.raw.readBytes(16).then(async (head) =>
        head + await peer.raw.readBytes(head.charCodeAt(15))
      );
    const bytes = Uint8Array.from(first, (char) => char.charCodeAt(0));
    parseProxyHeader(header, bytes, 0, bytes.length);
    if (header.version !== version) throw new Error(`no header: ${JSON.stringify(first)}`);
    const { source } = header;
    const body = source?.kind === "tcp" ? `${source.host}:${source.port}` : "none";
    while (await peer.readHead() !== null) await peer.send(response(body));
  }, path);
}

/** A proxy whose clients also send PROXY protocol headers. */
async function before(url: string, path: string, global = ""): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1, proxy-protocol: ON}
${global}
hosts: {default: {paths: {/: {proxy.reverse.url: "${url}", ${path}}}}}
`);
}

/** The body of the next response. */
async function bodyFrom(connection: RawConnection): Promise<string> {
  await connection.send(request);
  const head = await connection.readUntil("\r\n\r\n");
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
  return await connection.readBytes(length);
}

function upstreams(server: string, more: string): string {
  return `upstreams: {app: {servers: ["${server}"], ${more}}}`;
}

const ways: readonly [name: string, version: 1 | 2, path: string, upstream: string | null][] = [
  ["proxy.proxy-protocol: ON", 1, "proxy.proxy-protocol: ON", null],
  ["proxy_protocol: v1", 1, "proxy.preserve-host: OFF", "proxy_protocol: v1"],
  ["proxy_protocol: v2", 2, "proxy.preserve-host: OFF", "proxy_protocol: v2, keepalive: 10"],
];

for (const [name, version, path, more] of ways) {
  Deno.test(`${name} sends the client's address to the upstream, on one connection per request`, async () => {
    await using upstream = announced(version);
    const server = `127.0.0.1:${upstream.port}`;
    await using proxy = more === null
      ? await before(`http://${server}/`, path)
      : await before("http://app/", path, upstreams(server, more));
    using connection = await proxy.connect();
    await connection.send(relayedHeader(1, client, tcp(80)));
    assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
    assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
    using other = await proxy.connect();
    await other.send(relayedHeader(2, { ...client, host: "2001:db8::9" }, tcp(80)));
    assertEquals(await bodyFrom(other), "2001:db8::9:4660");
    assertEquals(upstream.connectionCount, 3);
    for (const head of upstream.heads) assertStringIncludes(head, "connection: close\r\n");
  });
}

Deno.test("proxy.proxy-protocol: ON sends client addresses to a unix socket, and unknown for unix clients", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/up.sock`;
  await using upstream = announced(1, path);
  const listen = `${folder.path}/in.sock`;
  await using proxy = await before(
    `http://[unix:${path}]/`,
    "proxy.proxy-protocol: ON",
    `listen: {port: ${listen}, type: unix}`,
  );
  using connection = await proxy.connect();
  await connection.send(relayedHeader(1, client, tcp(80)));
  assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
  using local = await RawConnection.open(unix(listen));
  assertEquals(await bodyFrom(local), "none");
  assertEquals(upstream.connectionCount, 2);
});

Deno.test("a retry sends the client's address to the next upstream, too", async () => {
  await using upstream = announced(2);
  await using broken = ScriptedUpstream.start(async (peer) => {
    await peer.raw.readBytes(16);
  });
  await using proxy = await before(
    "http://app/",
    "proxy.preserve-host: OFF",
    `upstreams:
  app:
    servers: ["127.0.0.1:${broken.port} weight=100", "127.0.0.1:${upstream.port}"]
    proxy_protocol: v2`,
  );
  using connection = await proxy.connect();
  await connection.send(relayedHeader(1, client, tcp(80)));
  assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
  assertEquals(broken.connectionCount, 1);
});

/** nginx that requires a header on `port` and answers with its content; over TLS on `tlsPort`. */
async function startNginx(folder: TempFolder, port: number, tlsPort: number): Promise<Child> {
  const [crt, key] = [`${folder.path}/n.crt`, `${folder.path}/n.key`];
  writeSelfSigned(["localhost", "127.0.0.1"], crt, key);
  const config = await folder.write(
    "nginx.conf",
    `daemon off; master_process off; pid nginx.pid; error_log ${folder.path}/error.log info;
events {}
http {
  access_log off;
  client_body_temp_path ${folder.path}; proxy_temp_path ${folder.path};
  fastcgi_temp_path ${folder.path}; uwsgi_temp_path ${folder.path}; scgi_temp_path ${folder.path};
  server {
    listen 127.0.0.1:${port} proxy_protocol;
    listen 127.0.0.1:${tlsPort} ssl proxy_protocol;
    ssl_certificate ${crt}; ssl_certificate_key ${key};
    return 200 "$proxy_protocol_addr:$proxy_protocol_port";
  }
}
`,
  );
  const log = `${folder.path}/error.log`;
  const nginx = new Child(peerPath("nginx"), ["-p", folder.path, "-c", config, "-e", log]);
  await nginx.waitForSocket(tcp(port));
  return nginx;
}

peerTest(
  "nginx",
  "nginx with proxy_protocol understands both versions, in front of TLS as well",
  async () => {
    await using folder = await tempFolder();
    const [port, tlsPort] = [freePort(), freePort()];
    await using _nginx = await startNginx(folder, port, tlsPort);
    for (const version of ["v1", "v2"]) {
      await using proxy = await TestProxy.start(
        `listen: {port: PORT, host: 127.0.0.1, proxy-protocol: ON}
${upstreams(`127.0.0.1:${port}`, `proxy_protocol: ${version}`)}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`,
      );
      using connection = await proxy.connect();
      await connection.send(relayedHeader(1, client, tcp(80)));
      assertEquals(await bodyFrom(connection), "192.0.2.1:4660", version);
    }
    await using proxy = await before(
      `https://127.0.0.1:${tlsPort}/`,
      `proxy.proxy-protocol: ON, proxy.ssl.cafile: ${folder.path}/n.crt`,
    );
    using connection = await proxy.connect();
    await connection.send(relayedHeader(1, client, tcp(80)));
    assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
    assertEquals(await bodyFrom(connection), "192.0.2.1:4660");
  },
);

peerTest(
  "nginx",
  "nginx sees no broken headers in health checks of an upstream with proxy_protocol",
  async () => {
    await using folder = await tempFolder();
    const [port, tlsPort] = [freePort(), freePort()];
    await using _nginx = await startNginx(folder, port, tlsPort);
    const checks: [string, number][] = [
      ["type=http", port],
      ["type=tcp", port],
      ["type=https", tlsPort],
      ["type=tls", tlsPort],
    ];
    for (const version of ["v1", "v2"]) {
      for (const [type, target] of checks) {
        const check = `check: "interval=100 rise=2 fall=1 timeout=5000 default_down=true ${type}"`;
        await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
${upstreams(`127.0.0.1:${target}`, `proxy_protocol: ${version}, ${check}`)}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`);
        await proxy.child.waitForLine(`enable check peer: 127.0.0.1:${target}`);
        assertFalse(proxy.child.stderr.includes("disable check peer"), `${version} ${type}`);
      }
    }
    const log = await Deno.readTextFile(`${folder.path}/error.log`);
    assertFalse(log.includes("broken header"), log);
  },
);

peerTest("haproxy", "haproxy's accept-proxy understands clients and health checks", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write(
    "haproxy.cfg",
    `defaults
  mode http
  timeout client 5s
listen l
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string %ci:%cp
`,
  );
  await using haproxy = new Child(peerPath("haproxy"), ["-f", file]);
  await haproxy.waitForSocket(tcp(port));
  for (const version of ["v1", "v2"]) {
    const check = `check: "interval=100 rise=2 fall=1 timeout=5000 type=http"`;
    await using proxy = await TestProxy.start(
      `listen: {port: PORT, host: 127.0.0.1, proxy-protocol: ON}
${upstreams(`127.0.0.1:${port}`, `proxy_protocol: ${version}, ${check}`)}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`,
    );
    await proxy.child.waitForLine("enable check peer");
    using connection = await proxy.connect();
    await connection.send(relayedHeader(1, client, tcp(80)));
    assertEquals(await bodyFrom(connection), "192.0.2.1:4660", version);
    assertFalse(proxy.child.stderr.includes("disable check peer"));
  }
});

peerTest("h2o", "proxy.proxy-protocol: ON sends what h2o sends", async () => {
  await using folder = await tempFolder();
  const lines: string[] = [];
  await using upstream = ScriptedUpstream.start(async (peer) => {
    lines.push(await peer.raw.readUntil("\r\n"));
    await peer.readHead();
    await peer.send(response("ok"));
  });
  const config = (port: number) =>
    `listen: {port: ${port}, host: 127.0.0.1, proxy-protocol: ON}
proxy.timeout.keepalive: 0
proxy.proxy-protocol: ON
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`;
  const port = freePort();
  await using h2o = new Child(peerPath("h2o"), ["-c", await folder.write("a.conf", config(port))]);
  await h2o.waitForSocket(tcp(port));
  await using proxy = await TestProxy.start(config(0).replace("port: 0", "port: PORT"));
  for (const address of [tcp(port), proxy.address]) {
    using connection = await RawConnection.open(address);
    await connection.send(relayedHeader(1, client, tcp(80, "198.51.100.7")));
    await connection.send(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await connection.waitForClose();
    assertEquals(parts(latin1(await connection.readAll())).body, "ok");
  }
  assertEquals(lines.length, 2);
  // h2o sends its own end of the connection, hayate the one from the header.
  assertStringIncludes(lines[0], "PROXY TCP4 192.0.2.1 ");
  assertEquals(lines[1], "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n");
  assertEquals(upstream.heads.map((head) => /connection: (\S+)/.exec(head)?.[1]), [
    "close",
    "close",
  ]);
});
