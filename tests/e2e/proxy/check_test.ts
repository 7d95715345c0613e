/** Active health checks: the seed experiment, with `live.html` renamed away and back. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { startHayate } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

/** An upstream that is alive while `isLive`, and answers every other request with its name. */
function application(name: string): { upstream: ScriptedUpstream; state: { isLive: boolean } } {
  const state = { isLive: true };
  const upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const isProbe = head.startsWith("GET /live.html ");
      const ok = !isProbe || state.isLive;
      await peer.send(response(name, "", ok ? "200 OK" : "404 Not Found"));
      if (isProbe) return;
    }
  });
  return { upstream, state };
}

const check = `check: interval=100 rise=2 fall=3 timeout=500 type=http default_down=true
    check_http_send: "GET /live.html HTTP/1.1\\r\\nConnection: close\\r\\nHost: localhost\\r\\n\\r\\n"
    check_http_expect_alive: http_2xx`;

function config(servers: readonly string[], lines: string): string {
  return `listen: {port: PORT, host: 127.0.0.1}
upstreams:
  app:
    servers: [${servers.map((server) => `"${server}"`).join(", ")}]
    ${lines}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: http://app/}
      /status: {check_status: ON}
      /status.csv: {check_status: csv}
`;
}

Deno.test("A peer whose check fails is taken out and back with Tengine's lines, and no request fails", async () => {
  const first = application("one");
  const second = application("two");
  await using a = first.upstream;
  await using b = second.upstream;
  await using proxy = await TestProxy.start(
    config([`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`], check),
  );
  const up = (port: number) => `[notice] enable check peer: 127.0.0.1:${port} \n`;
  const down = (port: number) => `[error] disable check peer: 127.0.0.1:${port} \n`;
  // Both are up after two checks, before the first request is accepted.
  await proxy.get("/status");
  assert(proxy.child.stderr.includes(up(a.port)) && proxy.child.stderr.includes(up(b.port)));
  const answers = new Map<string, number>();
  const ask = async () => {
    const { status, body } = parts(await proxy.get("/"));
    const key = `${status} ${body}`;
    answers.set(key, (answers.get(key) ?? 0) + 1);
  };
  for (let i = 0; i < 10; i++) await ask();
  assertEquals([...answers.entries()].sort(), [["200 one", 5], ["200 two", 5]]);
  second.state.isLive = false;
  await proxy.child.waitUntil("the peer to go", async () => {
    await ask();
    return proxy.child.stderr.includes(down(b.port)) || null;
  });
  const complaint = `[error] check protocol http error with peer: 127.0.0.1:${b.port} \n`;
  assertEquals(proxy.child.stderr.split(complaint).length - 1, 3);
  answers.clear();
  for (let i = 0; i < 6; i++) await ask();
  assertEquals([...answers.entries()], [["200 one", 6]]);
  const csv = parts(await proxy.get("/status.csv")).body.split("\n");
  assert(csv[0].startsWith(`0,app,127.0.0.1:${a.port},up,`), csv[0]);
  assert(csv[1].startsWith(`1,app,127.0.0.1:${b.port},down,0,`), csv[1]);
  second.state.isLive = true;
  const before = proxy.child.stderr.length;
  await proxy.child.waitUntil("the peer to come back", async () => {
    await ask();
    return proxy.child.stderr.slice(before).includes(up(b.port)) || null;
  });
  answers.clear();
  for (let i = 0; i < 10; i++) await ask();
  assertEquals([...answers.keys()].sort(), ["200 one", "200 two"]);
});

Deno.test("The only peer of an upstream is checked", async () => {
  const only = application("one");
  await using upstream = only.upstream;
  await using proxy = await TestProxy.start(config([`127.0.0.1:${upstream.port}`], check));
  assertEquals(parts(await proxy.get("/")).status, 200);
  only.state.isLive = false;
  await proxy.child.waitForLine("disable check peer");
  assertEquals(parts(await proxy.get("/")).status, 502);
});

Deno.test("Backups serve when every primary fails its check", async () => {
  const primary = application("primary");
  await using a = primary.upstream;
  await using b = ScriptedUpstream.start(always(response("backup")));
  const servers = [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port} backup`];
  await using proxy = await TestProxy.start(config(servers, check));
  assertEquals(parts(await proxy.get("/")).body, "primary");
  primary.state.isLive = false;
  await proxy.child.waitForLine("disable check peer");
  assertEquals(parts(await proxy.get("/")).body, "backup");
});

Deno.test("type=tcp requires a listener, also on unix sockets", async () => {
  const port = freePort();
  await using proxy = await TestProxy.start(
    config(
      [`127.0.0.1:${port}`, "unix:DIR/u.sock"],
      "check: interval=100 rise=1 fall=1 timeout=500 type=tcp",
    ),
  );
  const rows = async () =>
    parts(await proxy.get("/status.csv")).body.split("\n").map((row) => row.split(",")[3]);
  assertEquals((await rows()).slice(0, 2), ["down", "down"]);
  await using _unix = ScriptedUpstream.start(
    always(response("unix")),
    `${proxy.folder.path}/u.sock`,
  );
  await proxy.child.waitForLine(`enable check peer: ${proxy.folder.path}/u.sock `);
  assertEquals((await rows()).slice(0, 2), ["down", "up"]);
  assertEquals(parts(await proxy.get("/")).body, "unix");
});

Deno.test("A peer that accepts and sends nothing times out", async () => {
  await using silent = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.raw.waitForClose();
  });
  const lines = check.replace("timeout=500", "timeout=200");
  await using proxy = await TestProxy.start(config([`127.0.0.1:${silent.port}`], lines));
  await proxy.child.waitForLine(`check time out with peer: 127.0.0.1:${silent.port} `);
  assertEquals(parts(await proxy.get("/")).status, 502);
});

Deno.test("check_status refuses other methods and reports bad arguments", async () => {
  const { upstream: one } = application("one");
  await using upstream = one;
  await using proxy = await TestProxy.start(config([`127.0.0.1:${upstream.port}`], check));
  const post = "POST /status HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  assertEquals(parts(await proxy.exchange(post)).status, 405);
  const page = parts(await proxy.get("/status?format=htm"));
  assertEquals(page.status, 200);
  assert(page.body.includes("<h2>Check upstream server number: 1, generation: 1</h2>"));
  await proxy.child.waitForLine('[error] http upstream check, bad argument: "htm"\n');
  const json = JSON.parse(parts(await proxy.get("/status?format=json&status=up")).body);
  assertEquals([json.servers.total, json.servers.server[0].upstream], [1, "app"]);
});

for (const workers of [1, 2]) {
  for (const signal of ["TERM", "QUIT"] as const) {
    Deno.test(`${signal} during the first checks ends a proxy of num-threads ${workers} with exit code 0`, async () => {
      const probed = Promise.withResolvers<void>();
      await using silent = ScriptedUpstream.start(async (peer) => {
        await peer.readHead();
        probed.resolve();
        await peer.readHead();
      });
      await using folder = await tempFolder();
      const waiting = "check: interval=1000 timeout=60000 type=http default_down=true";
      const text = config([`127.0.0.1:${silent.port}`], waiting).replace("PORT", `${freePort()}`);
      const file = await folder.write("h2o.conf", `num-threads: ${workers}\n${text}`);
      await using proxy = startHayate(["proxy", "-c", file]);
      await probed.promise;
      Deno.kill(proxy.pid, `SIG${signal}`);
      const { code } = await proxy.status;
      assertEquals([code, proxy.stderr.includes("ended without")], [0, false]);
    });
  }
}

for (const workers of [1, 2]) {
  Deno.test(`TERM during a reload's first checks leaves no socket file (num-threads ${workers})`, async () => {
    const probed = Promise.withResolvers<void>();
    await using silent = ScriptedUpstream.start(async (peer) => {
      await peer.readHead();
      probed.resolve();
      await peer.readHead();
    });
    const threads = `num-threads: ${workers}\n`;
    const port = freePort();
    const servers = [`127.0.0.1:${silent.port}`];
    await using proxy = await TestProxy.start(threads + config(servers, "keepalive: 1"));
    const path = `${proxy.folder.path}/new.sock`;
    const waiting = "check: interval=1000 timeout=60000 type=http default_down=true";
    const next = `listen: {port: ${path}, type: unix}\n${config(servers, waiting)}`;
    await proxy.folder.write("h2o.conf", threads + next.replace("PORT", `${port}`));
    Deno.kill(proxy.child.pid, "SIGHUP");
    await probed.promise;
    assert(Deno.lstatSync(path).isSocket);
    Deno.kill(proxy.child.pid, "SIGTERM");
    assertEquals((await proxy.child.status).code, 0);
    assertThrows(() => Deno.lstatSync(path), Deno.errors.NotFound);
  });
}
