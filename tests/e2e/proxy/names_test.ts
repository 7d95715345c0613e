/** Servers by name: DNS, TTLs, SRV records, and name servers that are down. */
import { assert, assertEquals } from "@std/assert";
import { DnsTestServer, zone } from "../../support/dns_server.ts";
import { runHayate } from "../../support/binary.ts";
import { freePort } from "../../support/ports.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

/** A proxy with one upstream; `dns` resolves its names. */
function config(dns: DnsTestServer, server: string, lines = "", global = ""): string {
  return `listen: {port: PORT, host: 127.0.0.1}
resolver: 127.0.0.1:${dns.port} timeout=300ms attempts=1
control: {listen: DIR/c.sock, write: ON}
${global}
upstreams:
  app:
    servers: ["${server}"]
    ${lines}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`;
}

/** Two upstreams on one port, at 127.0.0.2 and 127.0.0.3, which answer with their last number. */
function pair(): { port: number; two: ScriptedUpstream; three: ScriptedUpstream } {
  const port = freePort();
  return {
    port,
    two: ScriptedUpstream.startAt("127.0.0.2", port, always(response("2"))),
    three: ScriptedUpstream.startAt("127.0.0.3", port, always(response("3"))),
  };
}

// deno-lint-ignore no-explicit-any
async function api(proxy: TestProxy, path: string, change?: unknown): Promise<any> {
  const body = change === undefined ? "" : JSON.stringify(change);
  const method = change === undefined ? "GET" : "PATCH";
  const answer = await proxy.control(method, `/api/9/http/upstreams/app/${path}`, body);
  return JSON.parse(parts(answer).body);
}

/** Sends requests without a pause until `isOver`; returns every response other than 200. */
async function askUntil(proxy: TestProxy, isOver: () => boolean): Promise<string[]> {
  const wrong: string[] = [];
  while (!isOver()) {
    const answer = await proxy.get("/");
    if (parts(answer).status !== 200) wrong.push(answer);
  }
  return wrong;
}

for (const workers of [1, 2]) {
  for (const check of ["", "check: interval=200 rise=2 fall=2 timeout=1000 type=http"]) {
    const variant = `num-threads ${workers}, ${check === "" ? "no check" : "a check"}`;
    Deno.test(`Traffic follows a changed address, and no request fails (${variant})`, async () => {
      const { port, two, three } = pair();
      await using _two = two;
      await using _three = three;
      await using dns = new DnsTestServer("app.test 1 A 127.0.0.2");
      await using proxy = await TestProxy.start(
        config(dns, `app.test:${port} resolve`, check, `num-threads: ${workers}`),
      );
      assertEquals(parts(await proxy.get("/")).body, "2");
      dns.records = zone("app.test 1 A 127.0.0.3");
      let isOver = false;
      const asking = [0, 1, 2].map(() => askUntil(proxy, () => isOver));
      // All workers have moved when the old address gets no more requests.
      await proxy.child.waitForLine(`app.test:${port} is 127.0.0.3:${port}\n`);
      await proxy.child.waitUntil("the old address to be left alone", async () => {
        const servers = await api(proxy, "servers/");
        return servers.length === 1 && servers[0].server === `127.0.0.3:${port}` || null;
      });
      isOver = true;
      assertEquals((await Promise.all(asking)).flat(), []);
      await proxy.child.waitUntil("the traffic to have moved", async () => {
        const bodies = await Promise.all(Array.from({ length: 8 }, () => proxy.get("/")));
        return bodies.every((answer) => parts(answer).body === "3") || null;
      });
      const asked = dns.queries.filter((query) => query === "app.test A udp").length;
      assert(asked >= 2, dns.queries.join());
    });
  }
}

Deno.test("Requests in progress at an old address end there", async () => {
  const port = freePort();
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  await using slow = ScriptedUpstream.startAt("127.0.0.2", port, async (peer) => {
    await peer.readHead();
    await released;
    await peer.send(response("old"));
  });
  await using _new = ScriptedUpstream.startAt("127.0.0.3", port, always(response("new")));
  await using dns = new DnsTestServer("app.test 1 A 127.0.0.2");
  await using proxy = await TestProxy.start(config(dns, `app.test:${port} resolve`));
  const begun = proxy.get("/");
  await proxy.child.waitUntil("the request", () => slow.heads.length || null);
  dns.records = zone("app.test 1 A 127.0.0.3");
  await proxy.child.waitForLine(`app.test:${port} is 127.0.0.3:${port}\n`);
  assertEquals(parts(await proxy.get("/")).body, "new");
  release();
  assertEquals(parts(await begun).body, "old");
});

Deno.test("Not one request of hayate load fails while addresses come and go", async () => {
  const { port, two, three } = pair();
  await using _two = two;
  await using _three = three;
  await using dns = new DnsTestServer("app.test 1 A 127.0.0.2");
  await using proxy = await TestProxy.start(config(
    dns,
    `app.test:${port} resolve`,
    "check: interval=200 rise=1 fall=1 timeout=1000 type=http",
  ));
  if (proxy.address.kind !== "tcp") throw new TypeError("no port");
  const url = `http://127.0.0.1:${proxy.address.port}/`;
  const load = runHayate(["load", "-t1", "-c8", "-d5", url]);
  for (const host of ["127.0.0.3", "127.0.0.2"]) {
    dns.records = zone(`app.test 1 A ${host}`);
    const seen = proxy.child.stderr.length;
    await proxy.child.waitUntil(`the move to ${host}`, () => {
      return proxy.child.stderr.slice(seen).includes(`is ${host}:${port}\n`) || null;
    });
  }
  const { code, stdout } = await load;
  assertEquals([code, /Failed|Non-2xx|Socket errors/.exec(stdout)], [0, null], stdout);
});

Deno.test("Addresses stay while the name server is down, which is logged once", async () => {
  const { port, two, three } = pair();
  await using _two = two;
  await using _three = three;
  await using dns = new DnsTestServer("app.test 1 A 127.0.0.2");
  await using proxy = await TestProxy.start(
    config(dns, `app.test:${port} resolve`, "", "state: DIR/state.json"),
  );
  dns.answers = false;
  const stays = `app.test:${port}: no response from 127.0.0.1:${dns.port}; ` +
    "the addresses known before stay\n";
  await proxy.child.waitForLine(stays);
  const before = dns.queries.length;
  await proxy.child.waitUntil("another try", () => dns.queries.length >= before + 2 || null);
  assertEquals(parts(await proxy.get("/")).body, "2");
  // A deleted name does not remove the last addresses either.
  dns.records = [];
  dns.answers = true;
  await proxy.child.waitForLine("no such name: app.test; the addresses known before stay\n");
  assertEquals(parts(await proxy.get("/")).body, "2");
  // The configuration is read again, and the name still does not exist.
  proxy.child.kill("SIGHUP");
  await proxy.child.waitForLine("the new configuration is in force");
  assertEquals(parts(await proxy.get("/")).body, "2");
  dns.records = zone("app.test 1 A 127.0.0.3");
  await proxy.child.waitForLine(`app.test:${port} is 127.0.0.3:${port}\n`);
  assertEquals(parts(await proxy.get("/")).body, "3");
  assertEquals(proxy.child.stderr.split(stays).length, 2);
});

Deno.test("The API shows the origin of servers from DNS, and the state file omits them", async () => {
  const { port, two, three } = pair();
  await using _two = two;
  await using _three = three;
  await using dns = new DnsTestServer("app.test 60 A 127.0.0.2", "app.test 60 A 127.0.0.3");
  await using proxy = await TestProxy.start(
    config(dns, `app.test:${port} resolve`, "", "state: DIR/state.json"),
  );
  const servers = await api(proxy, "servers/");
  const host = `app.test:${port}`;
  const { parent } = servers[0];
  assertEquals(
    // deno-lint-ignore no-explicit-any
    servers.map((one: any) => [one.server, one.parent, one.host]),
    [[`127.0.0.2:${port}`, parent, host], [`127.0.0.3:${port}`, parent, host]],
  );
  const { peers } = await api(proxy, "");
  assertEquals([peers[0].server, peers[0].name], [`127.0.0.2:${port}`, host]);
  await api(proxy, `servers/${servers[0].id}`, { down: true });
  for (let i = 0; i < 4; i++) assertEquals(parts(await proxy.get("/")).body, "3");
  const saved = JSON.parse(await Deno.readTextFile(`${proxy.folder.path}/state.json`));
  assertEquals(saved.upstreams, [{ name: "app", peers: [] }]);
});

Deno.test("service=NAME takes ports, weights and backups from SRV records", async () => {
  await using one = ScriptedUpstream.start(always(response("1")));
  await using two = ScriptedUpstream.start(always(response("2")));
  await using spare = ScriptedUpstream.start(always(response("spare")));
  await using dns = new DnsTestServer();
  const here = ["one.test 60 A 127.0.0.1", "two.test 60 A 127.0.0.1"];
  const name = "_http._tcp.app.test";
  dns.records = zone(
    `${name} 1 SRV 1 3 ${one.port} one.test`,
    `${name} 1 SRV 1 1 ${two.port} two.test`,
    `${name} 1 SRV 2 1 ${spare.port} two.test`,
    ...here,
  );
  await using proxy = await TestProxy.start(config(dns, "app.test service=http resolve"));
  const bodies = new Map<string, number>();
  for (let i = 0; i < 8; i++) {
    const { body } = parts(await proxy.get("/"));
    bodies.set(body, (bodies.get(body) ?? 0) + 1);
  }
  assertEquals([...bodies].sort(), [["1", 6], ["2", 2]]);
  dns.records = zone(`${name} 1 SRV 2 1 ${spare.port} two.test`, ...here);
  await proxy.child.waitForLine(`app.test is 127.0.0.1:${spare.port}\n`);
  assertEquals(parts(await proxy.get("/")).body, "spare");
});

Deno.test("A DNS response that does not fit a datagram is queried again over TCP", async () => {
  await using upstream = ScriptedUpstream.start(always(response("here")));
  await using dns = new DnsTestServer("app.test 60 A 127.0.0.1");
  dns.truncates = true;
  await using proxy = await TestProxy.start(config(dns, `app.test:${upstream.port} resolve`));
  assertEquals(parts(await proxy.get("/")).body, "here");
  assert(dns.queries.includes("app.test A tcp"), dns.queries.join());
});

Deno.test("Names of /etc/hosts are found with resolve, regardless of the resolver", async () => {
  await using upstream = ScriptedUpstream.start(always(response("here")));
  await using dns = new DnsTestServer();
  const text = config(dns, `localhost:${upstream.port} resolve`);
  for (const variant of [text, text.replace(/resolver:.*\n/, "")]) {
    await using proxy = await TestProxy.start(variant);
    assertEquals(parts(await proxy.get("/")).body, "here");
  }
  assertEquals(dns.queries, []);
});

Deno.test("An unknown name is queried until it exists, and requests get 502 until then", async () => {
  await using upstream = ScriptedUpstream.start(always(response("here")));
  await using dns = new DnsTestServer();
  await using proxy = await TestProxy.start(
    config(dns, `app.test:${upstream.port} resolve`, "balance: ip_hash"),
  );
  await proxy.child.waitForLine("no such name: app.test; it has no address yet");
  assertEquals(parts(await proxy.get("/")).status, 502);
  dns.records = zone("app.test 60 A 127.0.0.1");
  await proxy.child.waitForLine(`app.test:${upstream.port} is 127.0.0.1:${upstream.port}\n`);
  assertEquals(parts(await proxy.get("/")).body, "here");
});

/** A proxy whose URL has a name; h2o resolves it for each connection, and so follows a change. */
function urlConfig(dns: DnsTestServer, port: number, global = ""): string {
  return `listen: {port: PORT, host: 127.0.0.1}
resolver: 127.0.0.1:${dns.port} timeout=300ms attempts=1
control: {listen: DIR/c.sock, write: ON}
${global}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app.test:${port}/"}}}}
`;
}

for (const workers of [1, 2]) {
  const threads = `num-threads: ${workers}`;
  Deno.test(`A name in proxy.reverse.url is followed without HUP (${threads})`, async () => {
    const { port, two, three } = pair();
    await using _two = two;
    await using _three = three;
    // Docker's time: bounded, or the change would be seen after ten minutes.
    await using dns = new DnsTestServer("app.test 1 A 127.0.0.2");
    await using proxy = await TestProxy.start(urlConfig(dns, port, threads));
    assertEquals(parts(await proxy.get("/")).body, "2");
    dns.records = zone("app.test 600 A 127.0.0.3");
    await proxy.child.waitForLine("app.test is 127.0.0.3\n");
    // Kept connections to the old address are not used again, and no request fails.
    await proxy.child.waitUntil("the traffic to have moved", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => proxy.get("/")));
      assertEquals(answers.filter((answer) => parts(answer).status !== 200), []);
      return answers.every((answer) => parts(answer).body === "3") || null;
    });
  });

  Deno.test(`A failed connection queries the name at once (${threads})`, async () => {
    const { port, two, three } = pair();
    await using _three = three;
    await using dns = new DnsTestServer("app.test 600 A 127.0.0.2");
    await using proxy = await TestProxy.start(urlConfig(dns, port, threads));
    assertEquals(parts(await proxy.get("/")).body, "2");
    dns.records = zone("app.test 600 A 127.0.0.3");
    await two[Symbol.asyncDispose]();
    await proxy.child.waitUntil("an answer from the new address", async () => {
      return parts(await proxy.get("/")).body === "3" || null;
    });
  });

  Deno.test(`A name unknown at start is used once it exists (${threads})`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("here")));
    await using dns = new DnsTestServer();
    await using proxy = await TestProxy.start(urlConfig(dns, upstream.port, threads));
    await proxy.child.waitForLine(
      `app.test:${upstream.port}: no such name: app.test; it has no address yet\n`,
    );
    assertEquals(parts(await proxy.get("/")).status, 502);
    dns.records = zone("app.test 60 A 127.0.0.1");
    await proxy.child.waitUntil("an answer", async () => {
      return parts(await proxy.get("/")).body === "here" || null;
    });
  });

  Deno.test(`One address of a name refuses, and no request fails (${threads})`, async () => {
    const port = freePort();
    await using _three = ScriptedUpstream.startAt("127.0.0.3", port, async (peer) => {
      while (await peer.readHead() !== null) {
        await peer.send(response("3", "Connection: close\r\n"));
      }
    });
    await using dns = new DnsTestServer("app.test 60 A 127.0.0.2", "app.test 60 A 127.0.0.3");
    await using proxy = await TestProxy.start(urlConfig(dns, port, threads));
    for (let i = 0; i < 6; i++) {
      const posted = await proxy.exchange(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext",
      );
      assertEquals([parts(posted).status, parts(posted).body], [200, "3"], posted);
    }
  });
}

Deno.test("A name without resolve is one server, whose connections and checks try all addresses", async () => {
  const port = freePort();
  const closing = (body: string) => always(response(body, "Connection: close\r\n"));
  await using _two = ScriptedUpstream.startAt("127.0.0.2", port, closing("2"));
  await using _three = ScriptedUpstream.startAt("127.0.0.3", port, closing("3"));
  await using dns = new DnsTestServer(
    "app.test 60 A 127.0.0.4",
    "app.test 60 A 127.0.0.2",
    "app.test 60 A 127.0.0.3",
  );
  const check = "check: interval=200 rise=1 fall=1 timeout=1000 type=http";
  await using proxy = await TestProxy.start(config(dns, `app.test:${port}`, check));
  const bodies = new Set<string>();
  for (let i = 0; i < 8; i++) bodies.add(parts(await proxy.get("/")).body);
  assertEquals([...bodies].sort(), ["2", "3"]);
  const servers = await api(proxy, "servers/");
  assertEquals(servers.map((one: { server: string }) => one.server), [`app.test:${port}`]);
  const { peers } = await api(proxy, "");
  assertEquals([peers[0].state, peers[0].fails], ["up", 0]);
});

Deno.test("A reload keeps the known addresses", async () => {
  const { port, two, three } = pair();
  await using _two = two;
  await using _three = three;
  await using dns = new DnsTestServer("app.test 600 A 127.0.0.2");
  await using proxy = await TestProxy.start(urlConfig(dns, port));
  assertEquals(parts(await proxy.get("/")).body, "2");
  dns.answers = false;
  proxy.child.kill("SIGHUP");
  await proxy.child.waitForLine("the new configuration is in force");
  assertEquals(parts(await proxy.get("/")).body, "2");
  dns.answers = true;
  dns.records = zone("app.test 1 A 127.0.0.3");
  await proxy.child.waitUntil("the new address", async () => {
    return parts(await proxy.get("/")).body === "3" || null;
  });
});
