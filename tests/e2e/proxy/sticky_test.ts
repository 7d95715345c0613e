/** Sticky sessions: which server gets a client's further requests, and the cookies involved. */
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
  type UpstreamScript,
} from "../../support/proxy.ts";

/** A proxy in front of these servers, `PORT more words` each. */
function before(servers: readonly string[], lines: readonly string[], global = "") {
  return TestProxy.beforeServers(servers.map((one) => `127.0.0.1:${one}`), lines, [], global);
}

/** The values of a response's Set-Cookie fields. */
function cookies(answer: string): string[] {
  return fieldLines(parts(answer).head).filter((line) => line.startsWith("set-cookie:"))
    .map((line) => line.slice("set-cookie: ".length));
}

async function answers(proxy: TestProxy, count: number, fields = ""): Promise<string> {
  let bodies = "";
  for (let i = 0; i < count; i++) bodies += parts(await proxy.get("/", fields)).body;
  return bodies;
}

async function change(proxy: TestProxy, id: number, body: string): Promise<string> {
  const path = `/api/9/http/upstreams/app/servers/${id}`;
  return parts(await proxy.control("PATCH", path, body)).body;
}

const control = "control: {listen: DIR/c.sock, write: ON}";

Deno.test("sticky cookie keeps a client with its server, regardless of weights, until it is drained and down", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await before([`${a.port} weight=5`, `${b.port}`], [
    "sticky: cookie srv path=/ httponly",
  ], control);
  const md5 = createHash("md5").update(`127.0.0.1:${b.port}`).digest("hex");
  const mine = `Cookie: x=1; srv=${md5}\r\n`;
  assertEquals(await answers(proxy, 6, mine), "bbbbbb");
  const answer = await proxy.get("/", mine);
  assertEquals(cookies(answer), [`srv=${md5}; httponly; path=/`]);
  // The balancer chooses for clients without a session.
  assertEquals([...await answers(proxy, 6)].sort().join(""), "aaaaab");
  await change(proxy, 1, '{"drain":true}');
  assertEquals(await answers(proxy, 4, mine), "bbbb");
  assertEquals((await answers(proxy, 8)).includes("b"), false);
  await change(proxy, 1, '{"down":true}');
  const moved = await proxy.get("/", mine);
  assertEquals(parts(moved).body, "a");
  assertMatch(cookies(moved)[0], /^srv=[0-9a-f]{32}; httponly; path=\/$/);
});

Deno.test("A request of a failing sticky server goes to another one and gets that one's cookie", async () => {
  const closes: UpstreamScript = async (peer) => void await peer.readHead();
  await using a = ScriptedUpstream.start(closes);
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await before([`${a.port} route=ra`, `${b.port} route=rb`], [
    "sticky: insert",
  ]);
  const answer = await proxy.get("/", "Cookie: route=ra\r\n");
  assertEquals(parts(answer).body, "b");
  assertEquals(cookies(answer), ["route=rb; Path=/"]);
  await using bound = await before([`${a.port} route=ra`, `${b.port} route=rb`], [
    "sticky: insert fallback=off",
  ]);
  assertEquals(parts(await bound.get("/", "Cookie: route=ra\r\n")).status, 502);
  assertEquals(parts(await bound.get("/", "Cookie: route=gone\r\n")).status, 502);
  assertEquals(parts(await bound.get("/", "Cookie: route=rb\r\n")).body, "b");
});

Deno.test("sticky route reads cookies, arguments and fields, and the API changes routes", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await before([`${a.port} route=ra`, `${b.port} route=rb`], [
    "sticky: route $cookie_r $arg_r $http_x_route",
  ], control);
  assertEquals(await answers(proxy, 4, "Cookie: r=rb\r\n"), "bbbb");
  assertEquals(await answers(proxy, 4, "X-Route: ra\r\n"), "aaaa");
  assertEquals(parts(await proxy.get("/?r=rb")).body, "b");
  assertEquals(cookies(await proxy.get("/", "Cookie: r=rb\r\n")), []);
  assertEquals(JSON.parse(await change(proxy, 0, '{"route":"fresh"}')).route, "fresh");
  assertEquals(await answers(proxy, 4, "X-Route: fresh\r\n"), "aaaa");
  assertEquals(
    JSON.parse(await change(proxy, 0, '{"route":"a;b"}')).error.code,
    "UpstreamBadRoute",
  );
});

Deno.test("sticky insert with indirect, rewrite and prefix treat the upstream's cookies as Tengine does", async () => {
  const sets = (cookie: string) => always(response("x", `Set-Cookie: ${cookie}\r\n`));
  await using app = ScriptedUpstream.start(sets("sid=inner; HttpOnly"));
  const sent = () => fieldLines(app.heads.at(-1)!).find((line) => line.startsWith("cookie:"));
  {
    await using proxy = await before([`${app.port} route=r`], ["sticky: prefix cookie=sid"]);
    assertEquals(cookies(await proxy.get("/")), ["sid=r~inner; HttpOnly"]);
    await proxy.get("/", "Cookie: a=1; sid=r~inner; b=2\r\n");
    assertEquals(sent(), "cookie: a=1; sid=inner; b=2");
  }
  {
    await using proxy = await before([`${app.port} route=r`], [
      "session_sticky: cookie=sid mode=rewrite",
    ]);
    assertEquals(cookies(await proxy.get("/")), ["sid=r; HttpOnly"]);
    await proxy.get("/", "Cookie: sid=r\r\n");
    assertEquals(sent(), "cookie: sid=r");
  }
  {
    await using proxy = await before([`${app.port} route=r`], [
      "sticky: insert cookie=keep option=indirect maxidle=1h",
    ]);
    const first = cookies(await proxy.get("/"));
    assertEquals(first.length, 2);
    assertMatch(first[1], /^keep=r\|[0-9]{10}\|[0-9]{10}; Path=\/$/);
    await proxy.get("/", `Cookie: keep=${first[1].slice(5).split(";")[0]}\r\n`);
    assertEquals(sent(), undefined);
  }
});

Deno.test("Sticky cookies work with header rules and compression, and workers agree", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  const global = 'num-threads: 2\nheader.add: "X-More: 1"';
  await using proxy = await before([`${a.port}`, `${b.port}`], ["sticky: cookie srv"], global);
  const first = await proxy.get("/");
  const [cookie] = cookies(first);
  assertMatch(parts(first).head, /x-more: 1/i);
  const same = parts(first).body.repeat(12);
  assertEquals(await answers(proxy, 12, `Cookie: ${cookie}\r\n`), same);
});
