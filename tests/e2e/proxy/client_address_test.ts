/** real-ip and request IDs of the built binary: each request's client address and ID. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Child } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

/** A field of the head that the upstream got last; null without it. */
function sent(upstream: ScriptedUpstream, name: string): string | null {
  const line = new RegExp(`^${name}: (.*)$`, "im").exec(upstream.heads.at(-1) ?? "");
  return line === null ? null : line[1].trim();
}

/** Sends a request on a kept connection and returns the response's head. */
async function ask(connection: RawConnection, fields = "", path = "/"): Promise<string> {
  await connection.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
  const head = await connection.readUntil("\r\n\r\n");
  await connection.readBytes(Number(/^content-length: (\d+)/im.exec(head)?.[1]));
  return head;
}

/** `lines` are on the global level; requests go to `upstream`. */
async function start(upstream: ScriptedUpstream, lines: string): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/access.log, format: "%h %{remote}p %{request-id}x"}
${lines}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${upstream.port}/
      /plain:
        real-ip: OFF
        proxy.request-id: OFF
        proxy.reverse.url: http://127.0.0.1:${upstream.port}/
      /gone: {redirect: http://elsewhere/}
`);
}

/** The access log's lines once there are `count` of them. */
async function logged(proxy: TestProxy, count: number): Promise<string[][]> {
  const path = `${proxy.folder.path}/access.log`;
  return await proxy.child.waitUntil(`${count} lines of the access log`, () => {
    const lines = Deno.readTextFileSync(path).split("\n").filter((line) => line !== "");
    return lines.length < count ? null : lines.map((line) => line.split(" "));
  });
}

Deno.test("real-ip decides for each request of a trusted peer's connection", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(
    upstream,
    "real-ip: {from: [127.0.0.0/8, 10.0.0.0/8], recursive: ON}",
  );
  using connection = await proxy.connect();
  const rows: [fields: string, client: string, port: string, list: string][] = [
    ["", "127.0.0.1", "", "127.0.0.1"],
    ["X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1", "0", "192.0.2.1, 192.0.2.1"],
    [
      "X-Forwarded-For: 6.6.6.6, 192.0.2.2:81, 10.1.1.1\r\n",
      "192.0.2.2",
      "81",
      "6.6.6.6, 192.0.2.2:81, 10.1.1.1, 192.0.2.2",
    ],
    ["X-Forwarded-For: 2001:DB8::1\r\n", "2001:db8::1", "0", "2001:DB8::1, 2001:db8::1"],
    ["X-Forwarded-For: nonsense\r\n", "127.0.0.1", "", "nonsense, 127.0.0.1"],
    ["", "127.0.0.1", "", "127.0.0.1"],
  ];
  for (const [fields, , , list] of rows) {
    await ask(connection, fields);
    assertEquals(sent(upstream, "x-forwarded-for"), list);
  }
  // A path where no peer is trusted, on the same connection.
  await ask(connection, "X-Forwarded-For: 192.0.2.3\r\n", "/plain");
  assertEquals(sent(upstream, "x-forwarded-for"), "192.0.2.3, 127.0.0.1");
  const lines = await logged(proxy, rows.length + 1);
  for (const [index, [, client, port]] of rows.entries()) {
    assertEquals(lines[index][0], client);
    if (port !== "") assertEquals(lines[index][1], port);
  }
  assertEquals(lines.at(-1)?.[0], "127.0.0.1");
});

Deno.test("real-ip keeps a trusted peer's x-forwarded-proto, and uses it for Location", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    const location = `Location: http://127.0.0.1:${upstream.port}/next\r\n`;
    while (await peer.readHead() !== null) await peer.send(response("", location, "302 Found"));
  });
  await using proxy = await start(upstream, "real-ip: {from: 127.0.0.1, header: X-Real-IP}");
  using connection = await proxy.connect();
  const head = await ask(connection, "X-Forwarded-Proto: https\r\nX-Real-IP: 192.0.2.1\r\n");
  assertMatch(head, /^location: https:\/\/h\/next\r$/im);
  assertEquals(sent(upstream, "x-forwarded-proto"), "https");
  assertEquals(sent(upstream, "x-forwarded-for"), "192.0.2.1");
  assertMatch(await ask(connection), /^location: http:\/\/h\/next\r$/im);
  assertEquals(sent(upstream, "x-forwarded-proto"), "http");
});

Deno.test("real-ip ignores untrusted peers and drops their fields if configured", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const claims = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n" +
    "X-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Other: 1\r\n";
  for (const untrusted of ["KEEP", "DROP"]) {
    await using proxy = await start(
      upstream,
      `real-ip: {from: 10.0.0.0/8, untrusted: ${untrusted}}`,
    );
    await proxy.get("/", claims);
    const keeps = untrusted === "KEEP";
    assertEquals(sent(upstream, "x-forwarded-for"), keeps ? "6.6.6.6, 127.0.0.1" : "127.0.0.1");
    assertEquals(sent(upstream, "x-forwarded-proto"), "http");
    assertEquals(sent(upstream, "x-forwarded-host"), keeps ? "evil" : null);
    assertEquals(sent(upstream, "forwarded"), keeps ? "for=6.6.6.6" : null);
    assertEquals(sent(upstream, "x-real-ip"), keeps ? "6.6.6.6" : null);
    assertEquals(sent(upstream, "x-other"), "1");
    assertEquals((await logged(proxy, 1))[0][0], "127.0.0.1");
  }
});

/** Fields of the head that the upstream got last, as CGI names them (RFC 3875 4.1.18). */
function variables(upstream: ScriptedUpstream): Map<string, string> {
  const lines = (upstream.heads.at(-1) ?? "").split("\r\n").slice(1).filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [name, value] = line.split(/:\s*/, 2);
    return [`HTTP_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`, value];
  }));
}

/** Claims of untrusted clients, in spellings that an application may read as the usual one. */
const spellings: readonly [usual: string, ...lookAlikes: string[]][] = [
  ["X-Forwarded-For", "X_Forwarded_For", "x_forwarded-for", "X.Forwarded.For", "X-Forwarded_FOR"],
  ["X-Forwarded-Proto", "X_Forwarded_Proto", "X-FORWARDED_PROTO", "X~Forwarded-Proto"],
  ["X-Forwarded-Host", "X_Forwarded_Host", "X-Forwarded_Host", "x+forwarded+host"],
  ["X-Real-IP", "X_Real_IP", "X-Real_Ip", "X.REAL.IP"],
  ["CF-Connecting-IP", "CF_Connecting_IP", "cf-connecting_ip"],
];

Deno.test("real-ip: {untrusted: DROP} drops every spelling of a forwarding field", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const plan = "header: CF-Connecting-IP, untrusted: DROP";
  await using strangers = await start(upstream, `real-ip: {from: 10.0.0.0/8, ${plan}}`);
  await using friends = await start(upstream, `real-ip: {from: 127.0.0.1, ${plan}}`);
  const ours: Record<string, string> = {
    HTTP_X_FORWARDED_FOR: "127.0.0.1",
    HTTP_X_FORWARDED_PROTO: "http",
  };
  for (const [usual, ...lookAlikes] of spellings) {
    const variable = `HTTP_${usual.toUpperCase().replaceAll("-", "_")}`;
    for (const name of [usual, ...lookAlikes]) {
      await strangers.get("/", `${name}: 6.6.6.6\r\n`);
      assertEquals(variables(upstream).get(variable), ours[variable], `${name} of a stranger`);
      // A trusted peer sets its own field; another spelling of it comes from a client.
      await friends.get("/", `${usual}: 192.0.2.1\r\n`);
      const alone = variables(upstream).get(variable);
      if (name === usual) continue;
      await friends.get("/", `${usual}: 192.0.2.1\r\n${name}: 6.6.6.6\r\n`);
      assertEquals(variables(upstream).get(variable), alone, `${name} through a trusted peer`);
      const head = upstream.heads.at(-1)!;
      assert(!head.includes("6.6.6.6"), `${name}: ${head}`);
    }
  }
});

/** Fields that the proxy writes, replaces or removes, without any real-ip; nginx drops the right ones. */
const written: readonly [usual: string, lookAlike: string][] = [
  ["X-Forwarded-For", "X_Forwarded_For"],
  ["X-Forwarded-Proto", "X_Forwarded_Proto"],
  ["X-Request-Id", "X_Request_ID"],
  ["Transfer-Encoding", "Transfer_Encoding"],
  ["Content-Length", "Content_Length"],
  ["Proxy-Authorization", "Proxy_Authorization"],
  ["Proxy-Connection", "Proxy_Connection"],
  ["Keep-Alive", "Keep_Alive"],
  ["X-User", "X_User"],
  ["X-Secret", "X.Secret"],
];

Deno.test("No other spelling of a field that the proxy sets or removes is passed on", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(
    upstream,
    `proxy.request-id: ON
proxy.header.set: "X-User: none"
proxy.header.unset: [X-Secret, X_Odd]`,
  );
  for (const [usual, lookAlike] of written) {
    await proxy.get("/", `${lookAlike}: evil\r\nX-Odd: kept\r\n`);
    const head = upstream.heads.at(-1)!;
    assert(!head.includes("evil"), `${usual} as ${lookAlike}: ${head}`);
    // A rule that names the unusual spelling means just that one.
    assertEquals(sent(upstream, "x-odd"), "kept");
  }
  await proxy.get("/", "X_Other: 1\r\nX-Odd: 2\r\n");
  assertEquals([sent(upstream, "x_other"), sent(upstream, "x-odd")], ["1", "2"]);
});

Deno.test("real-ip finds the client that ip_hash sends to one server", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
upstreams:
  app: {servers: ["127.0.0.1:${a.port}", "127.0.0.1:${b.port}"], balance: ip_hash}
real-ip: {from: 127.0.0.1, header: Forwarded}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  using connection = await proxy.connect();
  const counts = () => [a.heads.length, b.heads.length];
  for (let i = 0; i < 40; i++) await ask(connection, `Forwarded: for=10.${i}.1.1;proto=http\r\n`);
  assert(counts().every((count) => count > 0), `clients spread: ${counts()}`);
  const before = counts();
  for (let i = 0; i < 10; i++) await ask(connection, 'Forwarded: For="10.1.1.7:80"\r\n');
  const grown = counts().map((count, i) => count - before[i]);
  assertEquals(grown.sort(), [0, 10]);
});

peerTest("nginx", "real-ip finds the clients that nginx's realip finds", async () => {
  await using folder = await tempFolder();
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const lists = [
    "192.0.2.1",
    "192.0.2.1, 10.0.0.1",
    "6.6.6.6, 192.0.2.1, 10.0.0.1,10.0.0.2",
    "10.0.0.3, 10.0.0.2",
    "192.0.2.1:8080",
    "[2001:db8::1]:8080, 10.0.0.1",
    "2001:db8::1",
    "unknown",
    "192.0.2.1, unknown",
    "192.0.2.1, unknown, 10.0.0.1",
    "192.0.2.1,",
    "192.0.2.1 ,10.0.0.1 , ",
    "",
  ];
  for (const recursive of ["on", "off"]) {
    const port = freePort();
    const config = await folder.write(
      `${recursive}.conf`,
      `daemon off; master_process off; pid ${recursive}.pid; error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder.path}; proxy_temp_path ${folder.path};
  fastcgi_temp_path ${folder.path}; uwsgi_temp_path ${folder.path}; scgi_temp_path ${folder.path};
  set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.0.0.0/8;
  real_ip_header X-Forwarded-For; real_ip_recursive ${recursive};
  server { listen 127.0.0.1:${port}; return 200 "$remote_addr"; }
}
`,
    );
    const log = `${folder.path}/error.log`;
    await using nginx = new Child(peerPath("nginx"), ["-p", folder.path, "-c", config, "-e", log]);
    await nginx.waitForSocket(tcp(port));
    await using proxy = await start(
      upstream,
      `real-ip: {from: [127.0.0.0/8, 10.0.0.0/8], recursive: ${recursive}}`,
    );
    for (const list of lists) {
      const field = `X-Forwarded-For: ${list}\r\n`;
      const request = `GET / HTTP/1.1\r\nHost: h\r\n${field}Connection: close\r\n\r\n`;
      const theirs = parts(await rawExchange(tcp(port), request)).body;
      await proxy.get("/", field);
      const ours = sent(upstream, "x-forwarded-for")?.split(", ").at(-1);
      assertEquals(ours, theirs, `recursive ${recursive}: ${list}`);
    }
  }
});

Deno.test("real-ip: {from: unix:} trusts only connections to a unix socket", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await start(
    upstream,
    `listen: {port: DIR/in.sock, type: unix}
real-ip: {from: "unix:", untrusted: DROP}`,
  );
  const claim = "X-Forwarded-For: 192.0.2.1\r\n";
  using local = await RawConnection.open(unix(`${proxy.folder.path}/in.sock`));
  await ask(local, claim);
  assertEquals(sent(upstream, "x-forwarded-for"), "192.0.2.1, 192.0.2.1");
  await ask(local);
  assertEquals(sent(upstream, "x-forwarded-for"), null);
  await proxy.get("/", claim);
  assertEquals(sent(upstream, "x-forwarded-for"), "127.0.0.1");
  assertEquals((await logged(proxy, 3)).map(([client]) => client), ["192.0.2.1", "-", "127.0.0.1"]);
});

Deno.test("proxy.request-id: ON adds an ID to each request, for the upstream and the log", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok", "X-Request-Id: theirs\r\n")));
  await using proxy = await start(upstream, "proxy.request-id: ON");
  using connection = await proxy.connect();
  const head = await ask(connection, "X-Request-ID: forged\r\n");
  assertMatch(head, /^X-Request-Id: theirs\r$/m);
  const first = sent(upstream, "x-request-id");
  assertMatch(first!, /^[0-9a-f]{32}$/);
  assertEquals(upstream.heads[0].match(/^x-request-id:/gim)?.length, 1);
  await ask(connection);
  const second = sent(upstream, "x-request-id");
  assertNotEquals(second, first);
  await ask(connection, "X-Request-Id: own\r\n", "/plain");
  assertEquals(sent(upstream, "x-request-id"), "own");
  const ids = (await logged(proxy, 3)).map((words) => words[2]);
  assertEquals(ids, [first, second, "-"]);
});

Deno.test("proxy.request-id keeps IDs of trusted peers and returns them to the client if configured", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok", "x-trace: theirs\r\n")));
  await using proxy = await start(
    upstream,
    `real-ip: {from: 127.0.0.1}
proxy.request-id: {header: X-Trace, respond: ON}`,
  );
  using connection = await proxy.connect();
  const head = await ask(connection, "X-Trace: abc-123/4+5=\r\n");
  assertEquals(sent(upstream, "x-trace"), "abc-123/4+5=");
  assertEquals(head.match(/^x-trace: .*(?=\r)/gim), ["X-Trace: abc-123/4+5="]);
  for (const bad of ["a b", 'a"b', "é", "x".repeat(129), "a,b"]) {
    const answer = await ask(connection, `X-Trace: ${bad}\r\n`);
    assertMatch(sent(upstream, "x-trace")!, /^[0-9a-f]{32}$/, bad);
    assertMatch(answer, new RegExp(`^X-Trace: ${sent(upstream, "x-trace")}\r$`, "m"));
  }
  const redirect = await ask(connection, "X-Trace: mine\r\n", "/gone");
  assertMatch(redirect, /^X-Trace: mine\r$/m);
  assertEquals((await logged(proxy, 7))[0][2], "abc-123/4+5=");
});
