/** The state file: operators' changes and health outlive generations and restarts. */
import { assert, assertEquals } from "@std/assert";
import { runHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

for (const workers of [1, 2]) {
  Deno.test(`Changes and health survive HUP and a restart with num-threads ${workers}`, async () => {
    let isLive = true;
    let probes = 0;
    await using a = ScriptedUpstream.start(always(response("a")));
    await using b = ScriptedUpstream.start(always(response("b")));
    await using checked = ScriptedUpstream.start(async (peer) => {
      if (await peer.readHead() === null) return;
      probes++;
      await peer.send(response("c", "", isLive ? "200 OK" : "500 Oops"));
    });
    await using folder = await tempFolder();
    const port = freePort();
    const file = await folder.write(
      "h2o.conf",
      `listen: {port: ${port}, host: 127.0.0.1}
num-threads: ${workers}
state: ${folder.path}/state.json
control: {listen: ${folder.path}/c.sock, write: ON}
upstreams:
  app: {servers: ["127.0.0.1:${a.port}", "127.0.0.1:${b.port}"]}
  checked:
    servers: "127.0.0.1:${checked.port}"
    check: interval=100 rise=3 fall=3 timeout=500 type=http
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}, /status: {check_status: csv}}}}
`,
    );
    const ask = async (path = "/") =>
      parts(await rawExchange(tcp(port), get.replace("/", path), { idleMs: 20_000 })).body;
    const bodies = async () => {
      const seen = new Set<string>();
      for (let i = 0; i < 12; i++) seen.add(await ask());
      return [...seen].sort().join();
    };
    const command = ["supervise", "--port", `127.0.0.1:${port}`, "--", "proxy", "-c", file];
    {
      await using supervisor = await startListening(command, tcp(port));
      assertEquals(await bodies(), "a,b");
      const change =
        `PATCH /api/9/http/upstreams/app/servers/0 HTTP/1.1\r\nHost: c\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"down":true}`;
      await rawExchange(unix(`${folder.path}/c.sock`), change, { idleMs: 3000 });
      assertEquals(await bodies(), "b");
      isLive = false;
      await supervisor.waitForLine("disable check peer");
      await supervisor.waitUntil("the state file to say so", async () => {
        const saved = JSON.parse(await Deno.readTextFile(`${folder.path}/state.json`));
        return saved.health[0].isDown || null;
      });
      supervisor.kill("SIGHUP");
      await supervisor.waitForLine(/old worker \d+ died, status:0/);
      assertEquals(await bodies(), "b");
      assert((await ask("/status")).includes(",down,"));
    }
    const before = probes;
    await using supervisor = await startListening(command, tcp(port));
    assertEquals(await bodies(), "b");
    // A server that was down is down at once: one failing probe, not `fall` of them, and no errors.
    assert((await ask("/status")).includes(",down,"));
    assert(probes > before);
    assertEquals((await Deno.stat(`${folder.path}/state.json`)).mode! & 0o777, 0o600);
    assertEquals(supervisor.stderr.includes("disable check peer"), false);
  });
}

const kept = `listen: {port: PORT, host: 127.0.0.1}
state: DIR/state.json
control: {listen: DIR/c.sock, write: ON}
upstreams: {app: {servers: ["127.0.0.1:1", "127.0.0.1:2"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`;

/** Whether a change made through the API is in the file afterwards. */
async function keepsChanges(proxy: TestProxy): Promise<boolean> {
  await proxy.control("PATCH", "/api/9/http/upstreams/app/servers/0", '{"weight":7}');
  return (await Deno.readTextFile(`${proxy.folder.path}/state.json`)).includes('"weight":7');
}

Deno.test("A second start that fails does not change the state file", async () => {
  await using proxy = await TestProxy.start(kept);
  const second = await runHayate(["proxy", "-c", `${proxy.folder.path}/h2o.conf`]);
  assertEquals(second.code, 1, second.stderr);
  assert(await keepsChanges(proxy));
});

const peer = (changes: string) =>
  `{"version":1,"startedAtMs":1,"health":[],"upstreams":[{"name":"app","peers":[{"id":0,"weight":1,` +
  `"connectionsMax":0,"failsMax":1,"failTimeoutMs":10000,"slowStartMs":0,"down":false,` +
  `"draining":false,"route":"","checkDown":false,"plan":{"name":"127.0.0.1:1","weight":1,` +
  `"connectionsMax":0,"failsMax":1,"failTimeoutMs":10000,"slowStartMs":0,"backup":false,` +
  `"down":false,"drain":false,"resolve":false,"service":"","route":"",${changes}}}]}]}`;

/** JSON, but not as the proxy writes it: the first request would end the process. */
const incomplete: readonly [text: string, fault: string][] = [
  [
    peer('"address":{"kind":"tcp"}'),
    "upstreams[0].peers[0].plan.address.host is missing, expected an IP address or a host name",
  ],
  [
    peer('"address":{"kind":"unix"}'),
    "upstreams[0].peers[0].plan.address.path is missing, expected a path of at most 107 bytes",
  ],
  [
    peer('"address":{"kind":"tcp","host":"a b","port":1}'),
    'upstreams[0].peers[0].plan.address.host is "a b", expected an IP address or a host name',
  ],
  [
    peer('"address":{"kind":"tcp","host":"127.0.0.1","port":70000}'),
    "upstreams[0].peers[0].plan.address.port is 70000, expected a whole number from 0 to 65535",
  ],
  [
    peer('"address":{"kind":"tcp","host":"127.0.0.1","port":1},"weight":"a"'),
    'upstreams[0].peers[0].plan.weight is "a", expected a whole number from 1 to 65535',
  ],
  [
    '{"version":1,"startedAtMs":1,"upstreams":[],"health":[{"key":"a","isDown":false,"rise":1}]}',
    "health[0].fall is missing, expected a whole number from 0",
  ],
  ['{"version":1,\n"startedAtMs"', "not JSON: "],
  ['{"version":2,"startedAtMs":1,"upstreams":[],"health":[]}', "version is 2, expected 1"],
];

for (const workers of [1, 2]) {
  Deno.test(`An incomplete state file is reported and does not stop the proxy (num-threads ${workers})`, async () => {
    for (const [text, fault] of incomplete) {
      await using folder = await tempFolder();
      await folder.write("state.json", text);
      await using upstream = ScriptedUpstream.start(always(response("ok")));
      await using proxy = await TestProxy.start(
        `num-threads: ${workers}\n` +
          kept.replace("DIR/state.json", `${folder.path}/state.json`)
            .replace('"127.0.0.1:1", "127.0.0.1:2"', `"127.0.0.1:${upstream.port}"`),
      );
      const { body } = parts(await rawExchange(proxy.address, get, { idleMs: 5000 }));
      assertEquals(body, "ok", text);
      const lines = proxy.child.stderr.split("\n").filter((line) => line.includes("state.json"));
      assertEquals(lines.length, 1, proxy.child.stderr);
      assert(lines[0].includes(fault), lines[0]);
    }
  });
}

Deno.test("A removed check keeps no server down, regardless of the state file", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using folder = await tempFolder();
  const text = peer(`"address":{"kind":"tcp","host":"127.0.0.1","port":${upstream.port}}`)
    .replace('"checkDown":false', '"checkDown":true')
    .replace('"127.0.0.1:1"', `"127.0.0.1:${upstream.port}"`);
  await folder.write("state.json", text);
  await using proxy = await TestProxy.start(
    kept.replace("DIR/state.json", `${folder.path}/state.json`),
  );
  const { body } = parts(await rawExchange(proxy.address, get, { idleMs: 5000 }));
  assertEquals(body, "ok");
});

Deno.test("A state file with any content is replaced and does not prevent a start", async () => {
  const texts = [
    "null",
    '{"version":1,"startedAtMs":1,"upstreams":[null],"health":[]}',
    '{"version":1,"startedAtMs":1,"upstreams":[{"name":"app","peers":[{"id":0,"plan":null}]}],"health":[]}',
    '{"version":1,"startedAtMs":1,"upstreams":[],"health":[null]}',
    '{"version":1,"startedAtMs":9999999999999,"upstreams":[],"health":[]}',
  ];
  for (const text of texts) {
    await using folder = await tempFolder();
    await folder.write("state.json", text);
    await using proxy = await TestProxy.start(
      kept.replace("DIR/state.json", `${folder.path}/state.json`),
    );
    await Deno.symlink(`${folder.path}/state.json`, `${proxy.folder.path}/state.json`);
    assert(await keepsChanges(proxy), text);
  }
});
