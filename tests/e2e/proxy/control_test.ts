/** The control listener: NGINX Plus's API for upstreams, metrics, and the HTML page. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { rawExchange } from "../../support/raw_socket.ts";
import { runHayate } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
} from "../../support/proxy.ts";

async function start(
  control: string,
  servers: readonly number[],
  more = "",
): Promise<TestProxy> {
  return await TestProxy.start(`${more}listen: {port: PORT, host: 127.0.0.1}
control: ${control}
upstreams:
  app:
    servers: [${servers.map((port) => `"127.0.0.1:${port}"`).join(", ")}]
  other:
    servers: "127.0.0.1:1"
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
}

/** A request to the control socket; the body parsed if it is JSON. */
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

Deno.test("The API shows upstreams, their peers and counters", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using proxy = await start("DIR/c.sock", [a.port]);
  await proxy.get("/");
  assertEquals((await api(proxy, "GET", "/api/")).json, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
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

Deno.test("The API is read-only by default", async () => {
  await using proxy = await start("DIR/c.sock", [1]);
  const { status, json } = await api(proxy, "PATCH", `${servers}0`, { down: true });
  assertEquals([status, json.error.code, json.error.status], [405, "MethodDisabled", 405]);
});

Deno.test("Servers are changed, added and removed during requests", async () => {
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

Deno.test("The API reports errors in its own format", async () => {
  await using proxy = await start("{listen: DIR/c.sock, write: ON}", [1]);
  const rows: [string, string, unknown, number, string][] = [
    ["GET", "/api/10/", undefined, 404, "UnknownVersion"],
    ["GET", "/api/09/", undefined, 404, "UnknownVersion"],
    // Some clients request stream/ without checking the endpoints, and read this code as "none".
    ["GET", "/api/9/stream/server_zones", undefined, 404, "PathNotFound"],
    ["GET", "/api/9/stream/upstreams", undefined, 404, "PathNotFound"],
    ["GET", "/api/9/http/none", undefined, 404, "PathNotFound"],
    ["GET", "/api/9/nginx/pid", undefined, 404, "PathNotFound"],
    ["GET", "/api/9/http/__proto__", undefined, 404, "PathNotFound"],
    ["POST", "/api/9/nginx", {}, 405, "MethodDisabled"],
    ["PUT", servers, {}, 405, "MethodDisabled"],
    ["DELETE", servers, undefined, 405, "MethodDisabled"],
    ["PUT", `${servers}0`, {}, 405, "MethodDisabled"],
    ["DELETE", "/api/9/http/upstreams/", undefined, 405, "MethodDisabled"],
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
    ["PATCH", `${servers}0`, { backup: true }, 400, "UpstreamServerImmutable"],
    ["PATCH", `${servers}0`, { service: "http" }, 400, "UpstreamServerImmutable"],
    ["PATCH", `${servers}0`, { server: "127.0.0.1:9" }, 400, "UpstreamServerImmutable"],
    ["POST", servers, { server: "127.0.0.1:2", backup: 1 }, 400, "UpstreamConfFormatError"],
    ["PATCH", `${servers}0`, { banana: 3 }, 400, "UpstreamConfFormatError"],
  ];
  for (const [method, path, body, status, code] of rows) {
    const answer = await api(proxy, method, path, body);
    assertEquals([answer.status, answer.json.error.code], [status, code], `${method} ${path}`);
  }
});

Deno.test("PATCH accepts a whole server, as nginx-plus-go-client sends it", async () => {
  await using proxy = await start("{listen: DIR/c.sock, write: ON}", [1]);
  // UpdateHTTPServer: all fields but id, which is in the path; a zero drain and service are left out.
  const whole = {
    max_conns: 5,
    max_fails: 1,
    backup: false,
    down: false,
    weight: 3,
    server: "127.0.0.1:1",
    fail_timeout: "10s",
    slow_start: "0s",
  };
  for (const more of [{}, { service: "" }, { id: 0 }]) {
    const { status, json } = await api(proxy, "PATCH", `${servers}0/`, { ...whole, ...more });
    assertEquals([status, json.weight, json.max_conns], [200, 3, 5], JSON.stringify(json));
  }
});

/** Go's types of the fields that nginx-plus-go-client decodes: `u` unsigned, `s` string, `m` a map. */
const goStats: readonly [path: string, fields: Readonly<Record<string, string>>][] = [
  ["nginx", {
    ...{ version: "s", build: "s", address: "s", load_timestamp: "s", timestamp: "s" },
    ...{ generation: "u", pid: "u", ppid: "u" },
  }],
  ["http/caches", {}],
  ["processes", { respawned: "u" }],
  ["slabs", {}],
  ["http/requests", { total: "u", current: "u" }],
  ["ssl", { handshakes: "u", handshakes_failed: "u" }],
  ["http/location_zones", {}],
  ["resolvers", {}],
  ["http/limit_reqs", {}],
  ["http/limit_conns", {}],
  ["connections", { accepted: "u", dropped: "u", active: "u", idle: "u" }],
];
const isOfGo: Readonly<Record<string, (value: unknown) => boolean>> = {
  u: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  s: (value) => typeof value === "string",
};

for (const workers of [1, 2]) {
  Deno.test(`GetStats of nginx-plus-go-client finds everything it requests (${workers})`, async () => {
    await using app = ScriptedUpstream.start(always(response("a")));
    await using proxy = await start("DIR/c.sock", [app.port], `num-threads: ${workers}\n`);
    for (let i = 0; i < 8; i++) await proxy.get("/");
    const get = async (path: string) => {
      const { status, json } = await api(proxy, "GET", path);
      assertEquals(status, 200, path);
      return json;
    };
    assertEquals(await get("/api/"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const version of [4, 9]) {
      const endpoints = await get(`/api/${version}/`);
      assertEquals(endpoints.includes("stream"), false);
      for (const name of ["nginx", "connections", "http", "ssl", "workers"]) {
        assert(endpoints.includes(name), name);
      }
      for (const [path, fields] of goStats) {
        const json = await get(`/api/${version}/${path}`);
        assertEquals(typeof json === "object" && !Array.isArray(json), true, path);
        for (const [field, type] of Object.entries(fields)) {
          assert(isOfGo[type](json[field]), `${path} ${field} ${json[field]}`);
        }
      }
    }
    await proxy.child.waitUntil("the workers' counters", async () => {
      const { total } = await get("/api/9/http/requests");
      return total === 8 || null;
    });
    const zones = await get("/api/9/http/server_zones");
    for (const zone of Object.values(zones) as Record<string, number>[]) {
      for (const field of ["processing", "requests", "discarded", "received", "sent"]) {
        assert(isOfGo.u(zone[field]), `${field} ${zone[field]}`);
      }
    }
    assertEquals([zones.all.requests, zones.all.responses["2xx"]], [8, 8]);
    assertEquals(zones.all.responses.total, 8);
    assertEquals((await get("/api/9/http/server_zones/all")).requests, 8);
    const list = await get("/api/9/workers");
    assertEquals(list.length, workers);
    const requests = list.map((one: { http: { requests: { total: number } } }) =>
      one.http.requests.total
    );
    assertEquals(requests.reduce((sum: number, count: number) => sum + count, 0), 8);
    assert((await get("/api/9/connections")).accepted >= 8);
    const { peers } = (await get("/api/9/http/upstreams")).app;
    assertEquals(peers[0].requests, 8);
    assertEquals(Object.keys(await get("/api/9/nginx?fields=pid,version")), ["version", "pid"]);
  });
}

Deno.test("A control listener on TCP requires a token and asks for it", async () => {
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

Deno.test("/metrics is Prometheus text, and /hayate/ a page without external resources", async () => {
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
