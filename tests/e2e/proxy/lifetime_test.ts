/** Inherited sockets, the welcome page, and a shutdown that loses no request. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { latin1, RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { fieldLines, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

Deno.test("Without a configuration every inherited socket serves the welcome page", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const path = `${folder.path}/s`;
  await using _supervisor = await startListening(
    ["supervise", "--port", `127.0.0.1:${port}`, "--path", path, "--", "proxy"],
    tcp(port),
  );
  for (const address of [tcp(port), unix(path)]) {
    const { status, head, body } = parts(await rawExchange(address, get, { idleMs: 2000 }));
    assertEquals(status, 200);
    assertStringIncludes(body, "hayate is running and waits for its configuration.");
    assertMatch(body, /generation +1\n/);
    assertMatch(body, /version +\d+\.\d+\.\d+\n/);
    assertStringIncludes(body, "/etc/hayate/h2o.conf");
    assert(fieldLines(head).includes("content-type: text/plain; charset=utf-8"));
  }
});

Deno.test("The welcome page is HTML for browsers without external resources", async () => {
  const port = freePort();
  await using _supervisor = await startListening(
    ["supervise", "--port", `127.0.0.1:${port}`],
    tcp(port),
  );
  const request = get.replace("Connection", "Accept: text/html,*/*\r\nConnection");
  const { head, body } = parts(await rawExchange(tcp(port), request, { idleMs: 2000 }));
  assert(fieldLines(head).includes("content-type: text/html; charset=utf-8"));
  assertMatch(body, /^<!DOCTYPE html>\n<html lang="en">/);
  assertMatch(body, /prefers-color-scheme: dark/);
  assertEquals(/(src|href)=/.test(body), false);
});

const config = (port: number, url: string) =>
  `listen: {port: ${port}, host: 127.0.0.1}
hosts: {default: {paths: {/: {proxy.reverse.url: "${url}"}}}}
`;

Deno.test("Sockets of the supervisor are adopted, others are bound", async () => {
  await using folder = await tempFolder();
  const [held, own, extra] = [freePort(), freePort(), freePort()];
  const text = config(held, "http://127.0.0.1:1/").replace(
    "hosts",
    `listen: {port: ${own}, host: 127.0.0.1}\nhosts`,
  );
  const file = await folder.write("h2o.conf", text);
  await using supervisor = await startListening(
    [
      "supervise",
      "--port",
      `127.0.0.1:${held}`,
      "--port",
      `127.0.0.1:${extra}`,
      "--",
      "proxy",
      "-c",
      file,
    ],
    tcp(own),
  );
  for (const port of [held, own, extra]) {
    assertEquals(parts(await rawExchange(tcp(port), get, { idleMs: 2000 })).status, 502);
  }
  assertStringIncludes(
    supervisor.stderr,
    `listen: 127.0.0.1:${own} is not among the sockets of the supervisor`,
  );
  assertStringIncludes(
    supervisor.stderr,
    `no \`listen\` for 127.0.0.1:${extra}, a socket of the supervisor`,
  );
});

Deno.test("`listen: PORT` accepts the supervisor's IPv4 socket as sufficient", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const text = `listen: ${port}\nhosts: {default: {paths: {/: {redirect: /x}}}}\n`;
  const file = await folder.write("h2o.conf", text);
  await using supervisor = await startListening([
    "supervise",
    "--port",
    String(port),
    "--",
    "proxy",
    "-c",
    file,
  ], tcp(port));
  assertEquals(parts(await rawExchange(tcp(port), get, { idleMs: 2000 })).status, 302);
  assertEquals(/warn/.test(supervisor.stderr), false, supervisor.stderr);
});

Deno.test("A broken SERVER_STARTER_PORT is an error in one line with exit code 78", async () => {
  for (const value of ["", "abc"]) {
    const child = startHayate(["proxy"], { env: { SERVER_STARTER_PORT: value } });
    const { code, stderr } = await child.result();
    assertEquals(code, 78);
    assertMatch(stderr, /^hayate proxy: .*\$SERVER_STARTER_PORT[^\n]*\n$/);
  }
});

Deno.test("TERM serves accepted connections, and idle ones one last response", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      if (head.includes("/slow")) await released;
      await peer.send(response("ok"));
    }
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using idle = await proxy.connect();
  await idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await idle.readUntil("ok");
  using busy = await proxy.connect();
  await busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  await proxy.child.waitUntil("the slow request", () => upstream.heads.length === 2 || null);
  proxy.child.kill("SIGTERM");
  await proxy.child.waitForLine("gracefully shutting down");
  await idle.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
  assertMatch(await idle.readUntil("ok"), /^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/);
  release();
  assertMatch(await busy.readUntil("ok"), /^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/);
  assertEquals((await proxy.child.status).code, 0);
});

Deno.test("A generation whose configuration is broken does not take over", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) await peer.send(response("ok"));
  });
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write("h2o.conf", config(port, `http://127.0.0.1:${upstream.port}/`));
  await using supervisor = await startListening(
    ["supervise", "--port", `127.0.0.1:${port}`, "--", "proxy", "-c", file],
    tcp(port),
  );
  assertMatch(await rawExchange(tcp(port), get, { idleMs: 2000 }), /ok$/);
  await folder.write("h2o.conf", "nonsense: 1\n");
  supervisor.kill("SIGHUP");
  await supervisor.waitForLine("h2o.conf:1] unknown directive: nonsense");
  using client = await RawConnection.open(tcp(port));
  await client.send(get);
  assertMatch(latin1(await client.readAll({ idleMs: 2000 })), /ok$/);
});
