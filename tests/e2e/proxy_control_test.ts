/** The control listener: NGINX Plus's API for upstreams, metrics, and the page for people. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { rawExchange } from "../support/raw_socket.ts";
import { runHayate } from "../support/binary.ts";
import { freePort, tempFolder } from "../support/ports.ts";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
} from "./proxy_support.ts";

async function start(control: string, servers: readonly number[]): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: ${control}
upstreams:
  app:
    servers: [${servers.map((port) => `"127.0.0.1:${port}"`).join(", ")}]
  other:
    servers: "127.0.0.1:1"
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
}

/** A request to the control socket; the body as JSON where it is some. */
async function api(
  proxy: TestProxy,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: any }> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const answer = parts(await proxy.control(method, path, text));
  return { status: answer.status, json: answer.body === "" ? null : JSON.parse(answer.body) };
}

const servers = "/api/9/http/upstreams/app/servers/";

Deno.test("The API shows upstreams, their peers and what they did", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using proxy = await start("DIR/c.sock", [a.port]);
  await proxy.get("/");
  assertEquals((await api(proxy, "GET", "/api/")).json, [9]);
  const { json } = await api(proxy, "GET", "/api/9/http/upstreams/");
  assertEquals(Object.keys(json), ["app", "other"]);
  const [peer] = json.app.peers;
  assertEquals([peer.server, peer.state, peer.requests, peer.responses["2xx"]], [
    `127.0.0.1:${a.port}`,
    "up",
    1,
    1,
  ]);
  assertEquals((await api(proxy, "GET", "/api/9/http/upstreams/?fields=")).json, ["app", "other"]);
  assertEquals((await api(proxy, "GET", `${servers}?fields=id,weight`)).json, [{
    id: 0,
    weight: 1,
  }]);
});

Deno.test("The API is read-only unless switched on", async () => {
  await using proxy = await start("DIR/c.sock", [1]);
  const { status, json } = await api(proxy, "PATCH", `${servers}0`, { down: true });
  assertEquals([status, json.error.code, json.error.status], [405, "MethodDisabled", 405]);
});

Deno.test("Servers are changed, added and removed while requests go on", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await start("{listen: DIR/c.sock, write: ON}", [a.port]);
  const bodies = async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) seen.add(parts(await proxy.get("/")).body);
    return [...seen].sort().join();
  };
  assertEquals(await bodies(), "a");
  const added = await api(proxy, "POST", servers, { server: `127.0.0.1:${b.port}`, weight: 2 });
  assertEquals([added.status, added.json.id, added.json.weight], [201, 1, 2]);
  assertEquals(await bodies(), "a,b");
  assertEquals((await api(proxy, "PATCH", `${servers}0`, { down: true })).json.down, true);
  assertEquals(await bodies(), "b");
  assertEquals((await api(proxy, "PATCH", `${servers}0`, { down: false })).json.down, false);
  assertEquals((await api(proxy, "PATCH", `${servers}1`, { drain: true })).json.drain, true);
  assertEquals(await bodies(), "a");
  const removed = await api(proxy, "DELETE", `${servers}1`);
  assertEquals([removed.status, removed.json.length], [200, 1]);
  assertEquals((await api(proxy, "DELETE", "/api/9/http/upstreams/app")).status, 204);
  assertEquals((await api(proxy, "GET", "/api/9/http/upstreams/app")).json.peers[0].requests, 0);
});

Deno.test("The API names what is wrong in its own shape", async () => {
  await using proxy = await start("{listen: DIR/c.sock, write: ON}", [1]);
  const rows: [string, string, unknown, number, string][] = [
    ["GET", "/api/8/", undefined, 404, "UnknownVersion"],
    ["GET", "/api/9/http/upstreams/none", undefined, 404, "UpstreamNotFound"],
    ["GET", `${servers}7`, undefined, 404, "UpstreamServerNotFound"],
    ["GET", `${servers}x`, undefined, 400, "UpstreamBadServerId"],
    ["POST", servers, {}, 400, "UpstreamConfFormatError"],
    ["POST", servers, { server: "a b" }, 400, "UpstreamBadAddress"],
    ["POST", servers, { server: "127.0.0.1:1" }, 409, "EntryExists"],
    ["POST", servers, { server: "127.0.0.1:2", weight: 0 }, 400, "UpstreamBadWeight"],
    ["PATCH", `${servers}0`, { max_fails: -1 }, 400, "UpstreamBadMaxFails"],
    ["PATCH", `${servers}0`, { fail_timeout: "x" }, 400, "UpstreamBadFailTimeout"],
    ["PATCH", `${servers}0`, { id: 3 }, 400, "UpstreamServerImmutable"],
    ["PATCH", `${servers}0`, { banana: 3 }, 400, "UpstreamConfFormatError"],
  ];
  for (const [method, path, body, status, code] of rows) {
    const answer = await api(proxy, method, path, body);
    assertEquals([answer.status, answer.json.error.code], [status, code], `${method} ${path}`);
  }
});

Deno.test("A control listener on TCP needs a token, and asks for it", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const text =
    `listen: {port: 1, host: 127.0.0.1}\ncontrol: 127.0.0.1:${port}\nhosts: {default: {paths: {/: {status: ON}}}}\n`;
  const file = await folder.write("h2o.conf", text);
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals(code, 78);
  assertStringIncludes(stderr, "a TCP address needs a `token`");
  await using proxy = await start(`{listen: "127.0.0.1:${port}", token: secret}`, [1]);
  const get = (fields: string) =>
    `GET /metrics HTTP/1.1\r\nHost: c\r\n${fields}Connection: close\r\n\r\n`;
  const address = { kind: "tcp", host: "127.0.0.1", port } as const;
  assertEquals(parts(await rawExchange(address, get(""), { idleMs: 2000 })).status, 401);
  assertEquals(
    parts(await rawExchange(address, get("Authorization: Bearer secreT\r\n"), { idleMs: 2000 }))
      .status,
    401,
  );
  assertEquals(
    parts(await rawExchange(address, get("Authorization: Bearer secret\r\n"), { idleMs: 2000 }))
      .status,
    200,
  );
  assertEquals(proxy.child.hasEnded, false);
});

Deno.test("/metrics is Prometheus text, and /hayate/ a page that loads nothing", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using proxy = await start("DIR/c.sock", [a.port]);
  await proxy.get("/");
  const { body } = parts(await proxy.control("GET", "/metrics"));
  const labels = `{upstream="app",server="127.0.0.1:${a.port}"}`;
  assertStringIncludes(body, `hayate_upstream_requests_total${labels} 1\n`);
  assertStringIncludes(body, `hayate_upstream_up${labels} 1\n`);
  for (const line of body.trimEnd().split("\n")) {
    assertMatch(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+)$/);
  }
  const page = parts(await proxy.control("GET", "/hayate/"));
  assert(fieldLines(page.head).includes("content-type: text/html; charset=utf-8"));
  assertEquals(/(src|href)=/.test(page.body), false);
  const missing = parts(await proxy.control("GET", "/nothing"));
  assertEquals(missing.status, 404);
  assertEquals((await Deno.lstat(`${proxy.folder.path}/c.sock`)).mode! & 0o777, 0o600);
});
