/** A complete edge from variables alone: UPSTREAM and its companions. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { ScriptedUpstream } from "../../support/proxy.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { environmentOf } from "../../support/supervise.ts";

const get = "GET /hello HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n";

function upstream(): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
}

for (const command of [["proxy"], ["supervise"], ["supervise", "proxy"]]) {
  Deno.test(`${command.join(" ")}: UPSTREAM is enough, and HUP keeps it`, async () => {
    await using folder = await tempFolder();
    await using app = upstream();
    const port = freePort();
    const child = await startListening(command, tcp(port), {
      env: {
        PORTS: `127.0.0.1:${port}`,
        UPSTREAM: `127.0.0.1:${app.port}`,
        UPSTREAM_CHECK: "/health",
        ACCESS_LOG: `${folder.path}/access.log`,
      },
    });
    try {
      await child.waitForLine(/enable check peer/);
      assertMatch(await rawExchange(tcp(port), get), /^HTTP\/1\.1 200 OK\r\n[^]*ok$/);
      child.kill("SIGHUP");
      await child.waitForLine(/new configuration is in force|new worker is now running/);
      assertMatch(await rawExchange(tcp(port), get), /^HTTP\/1\.1 200 OK/);
      assert(app.heads.some((head) => /^GET \/health HTTP\/1\.1\r\nHost: localhost/.test(head)));
      assert(
        app.heads.some((head) => /^GET \/hello HTTP\/1\.1\r\n[^]*host: www\.example/i.test(head)),
      );
    } finally {
      await child.stop();
    }
    const log = await Deno.readTextFile(`${folder.path}/access.log`);
    assertEquals(log.match(/"GET \/hello HTTP\/1\.1" 200 2/g)?.length, 2);
  });
}

Deno.test("two workers serve what the variables mean", async () => {
  await using folder = await tempFolder();
  await using app = upstream();
  const port = freePort();
  const env = { PORTS: `127.0.0.1:${port}`, UPSTREAM: `127.0.0.1:${app.port}` };
  const { stdout } = await runHayate(["proxy", "--print-config"], { env });
  const file = await folder.write("h2o.conf", `num-threads: 2\n${stdout}`);
  const child = await startListening(["proxy", "-c", file], tcp(port));
  try {
    assertMatch(await rawExchange(tcp(port), get), /^HTTP\/1\.1 200 OK/);
  } finally {
    await child.stop();
  }
});

Deno.test("the variables do not reach another program, except under start_server", async () => {
  const port = freePort();
  const env = {
    UPSTREAM: "app:1",
    UPSTREAM_CHECK: "/",
    ACCESS_LOG: "-",
    TLS_DOMAIN: "a.example",
    OTHER: "x",
  };
  const args = [
    "supervise",
    "--port",
    `127.0.0.1:${port}`,
    "--interval",
    "50ms",
    "--",
    "sleep",
    "600",
  ];
  const child = await startListening(args, tcp(port), { env });
  try {
    const line = await child.waitForLine(/starting new worker \d+/);
    const names = Object.keys(environmentOf(Number(line.split(" ").at(-1))));
    assertEquals(names.filter((name) => name in env), ["OTHER"]);
  } finally {
    await child.stop();
  }
});

Deno.test("a configuration file beside UPSTREAM is an error", async () => {
  await using folder = await tempFolder();
  const file = await folder.write(
    "h2o.conf",
    "listen: 1\nhosts: {default: {paths: {/: {status: ON}}}}\n",
  );
  const { code, stderr } = await runHayate(["proxy", "-c", file], { env: { UPSTREAM: "app:1" } });
  assertEquals(code, 78);
  assertMatch(stderr, /UPSTREAM: cannot be used beside .*h2o\.conf; use one or the other/);
});
