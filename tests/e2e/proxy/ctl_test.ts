/** `hayate proxy ctl`: what a deploy script does with a running proxy. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  binaryPath,
  childPids,
  runHayate,
  startListening,
  trySignal,
} from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

Deno.test("hayate proxy ctl lists, drains, takes down, adds, removes and waits", async () => {
  await using a = ScriptedUpstream.start(always(response("a")));
  await using b = ScriptedUpstream.start(always(response("b")));
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: DIR/c.sock, write: ON}
upstreams: {app: {servers: ["127.0.0.1:${a.port}"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  const ctl = async (...words: string[]) => {
    const { code, stdout, stderr } = await runHayate([
      "proxy",
      "ctl",
      "-c",
      `${proxy.folder.path}/h2o.conf`,
      ...words,
    ]);
    return { code, text: stdout + stderr };
  };
  const bodies = async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) seen.add(parts(await proxy.get("/")).body);
    return [...seen].sort().join();
  };
  const first = `127.0.0.1:${a.port}`;
  const second = `127.0.0.1:${b.port}`;
  assertMatch(
    (await ctl("list")).text,
    new RegExp(
      `^app: 1 of 1 up, 0 idle connections, 0 retries, 0 ejections\\n  id +server .*\\n  0 +${first} +up +1 +0 +0 +0\\n$`,
    ),
  );
  assertEquals(await ctl("add", "app", second, "1"), { code: 0, text: "" });
  assertEquals(await bodies(), "a,b");
  assertEquals((await ctl("drain", "app", first)).code, 0);
  assertEquals(await bodies(), "b");
  assertStringIncludes((await ctl("list", "app")).text, "draining");
  assertEquals(await ctl("wait-healthy", "app", "--timeout", "300ms"), {
    code: 3,
    text:
      `hayate proxy ctl: app is not healthy after 0.3 s: ${first} is draining (drained by an operator)\n`,
  });
  assertEquals((await ctl("wait-healthy", "app", first, "--timeout", "1ms")).code, 3);
  assertEquals((await ctl("wait-healthy", "app", "0", "--timeout", "1ms")).code, 3);
  // By id, by address: what list shows.
  assertEquals(await ctl("wait-healthy", "app", "1", "--timeout", "5s"), { code: 0, text: "" });
  assertEquals(await ctl("wait-healthy", "app", second, "--timeout", "5s"), { code: 0, text: "" });
  assertEquals(await ctl("wait-healthy", "app", "9"), {
    code: 1,
    text: `hayate proxy ctl: app has no server 9: ${first} (id 0), ${second} (id 1)\n`,
  });
  assertEquals((await ctl("wait-healthy", "ap")).code, 1);
  assertEquals((await ctl("up", "app", first)).code, 0);
  assertEquals((await ctl("wait-healthy", "app")).code, 0);
  assertEquals((await ctl("weight", "app", "0", "7")).code, 0);
  assertMatch((await ctl("list", "app")).text, new RegExp(`0 +${first} +up +7 `));
  assertEquals((await ctl("remove", "app", first)).code, 0);
  assertEquals(await bodies(), "b");
  const unknown = await ctl("down", "app", first);
  assertEquals([unknown.code, unknown.text], [
    1,
    `hayate proxy ctl: app has no server ${first}: ${second} (id 1)\n`,
  ]);
  const typo = await ctl("drian", "app", first);
  assertEquals(typo.code, 2);
  assertStringIncludes(typo.text, "unknown action drian: did you mean drain?");
});

/** A proxy with one server up, and `ctl` for it. */
async function oneUp(more = "") {
  const proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: DIR/c.sock, write: ON}
${more}upstreams: {app: {servers: ["127.0.0.1:1", "127.0.0.1:2 down"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  const base = ["proxy", "ctl", "-c", `${proxy.folder.path}/h2o.conf`];
  const ctl = async (...words: string[]) => {
    const { code, stdout, stderr } = await runHayate([...base, ...words]);
    return { code, text: stdout + stderr };
  };
  return { proxy, base, ctl };
}

Deno.test("hayate proxy ctl takes the last server out only with --yes", async () => {
  const { proxy, ctl } = await oneUp();
  await using _ = proxy;
  for (const action of ["drain", "down", "remove"]) {
    assertEquals(await ctl(action, "app", "0"), {
      code: 1,
      text: "hayate proxy ctl: 127.0.0.1:1 is the last server of app that is up: it is taken out " +
        "only with --yes\n",
    });
  }
  assertEquals(await ctl("drain", "app", "1"), { code: 0, text: "" });
  assertEquals(await ctl("undrain", "app", "1"), { code: 0, text: "" });
  assertEquals(await ctl("drain", "app", "0", "--yes"), { code: 0, text: "" });
  // It is no longer up, so that removing it takes nothing out.
  assertEquals(await ctl("remove", "app", "0"), { code: 0, text: "" });
});

peerTest("script", "hayate proxy ctl asks on a terminal before the last server goes", async () => {
  const { proxy, base, ctl } = await oneUp();
  await using _ = proxy;
  const answer = async (line: string) => {
    const command = [binaryPath, ...base, "down", "app", "0"].join(" ");
    const child = new Deno.Command(peerPath("script"), {
      args: ["-qec", command, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(line));
    const { code, stdout } = await child.output();
    await writer.close();
    return { code, text: new TextDecoder().decode(stdout) };
  };
  const no = await answer("n\n");
  assertStringIncludes(no.text, "127.0.0.1:1 is the last server of app that is up. Take it out?");
  assertStringIncludes(no.text, "hayate proxy ctl: nothing was changed");
  assertEquals(no.code, 1);
  assertMatch((await ctl("list")).text, /0 +127\.0\.0\.1:1 +up/);
  assertEquals((await answer("y\n")).code, 0);
  assertMatch((await ctl("list")).text, /0 +127\.0\.0\.1:1 +down .* taken down by an operator\n/);
});

for (const workers of [1, 2]) {
  Deno.test(`hayate proxy ctl changes lists who changed what, also after a restart (${workers})`, async () => {
    await using folder = await tempFolder();
    const state = `${folder.path}/state.json`;
    const more = `num-threads: ${workers}\nstate: ${state}\n`;
    const { proxy, ctl } = await oneUp(more);
    const lines = async (one: typeof ctl) =>
      (await one("changes")).text.trimEnd().split("\n").slice(1).map((line) =>
        line.split(/ {2,}/).slice(1).join("|")
      );
    const user = (await new Deno.Command("id", { args: ["-un"] }).output()).stdout;
    const name = new TextDecoder().decode(user).trim();
    assertEquals(await ctl("weight", "app", "0", "5"), { code: 0, text: "" });
    assertEquals(await ctl("up", "app", "1"), { code: 0, text: "" });
    assertEquals(await ctl("up", "app", "1"), { code: 0, text: "" });
    await Deno.writeTextFile(`${proxy.folder.path}/h2o.conf`, "banana: 1\n", { append: true });
    proxy.child.kill("SIGHUP");
    await proxy.child.waitForLine("the running one stays");
    const expected = [
      /^received HUP\|all\|-\|the new configuration was refused: .*banana/,
      new RegExp(`^${name}\\|app\\|127\\.0\\.0\\.1:2\\|no longer down$`),
      new RegExp(`^${name}\\|app\\|127\\.0\\.0\\.1:1\\|weight 1 -> 5$`),
    ];
    const control = ["--control", `${proxy.folder.path}/c.sock`];
    const byPath = async () => {
      const { code, stdout, stderr } = await runHayate(["proxy", "ctl", ...control, "changes"]);
      return { code, text: stdout + stderr };
    };
    const seen = await lines(byPath);
    assertEquals(seen.length, 3, seen.join("\n"));
    for (const [at, form] of expected.entries()) assertMatch(seen[at], form);
    await proxy[Symbol.asyncDispose]();
    const next = await oneUp(more);
    await using _ = next.proxy;
    assertEquals(await lines(next.ctl), seen);
    assertEquals((await next.ctl("changes", "other")).text, "when  who  upstream  server  what\n");
  });
}

Deno.test("hayate proxy ctl without a proxy is an error in one line", async () => {
  const { code, stderr } = await runHayate([
    "proxy",
    "ctl",
    "--control",
    "/tmp/hayate-absent.sock",
    "list",
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /^hayate proxy ctl: cannot reach the control listener at \/tmp\/[^\n]+\n$/);
});

Deno.test("hayate proxy ctl wait-healthy waits for a proxy that has not started yet", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const control = `${folder.path}/c.sock`;
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1}
control: ${control}
upstreams: {app: {servers: ["127.0.0.1:1"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`,
  );
  const command = ["proxy", "ctl", "--control", control, "wait-healthy", "app"];
  const late = await runHayate([...command, "--timeout", "300ms"]);
  assertEquals([late.code, late.stderr], [
    3,
    `hayate proxy ctl: app is not healthy after 0.3 s: cannot reach the control listener at ` +
    `${control}: no such file or directory\n`,
  ]);
  const waiting = runHayate([...command, "--timeout", "60s"]);
  await using _proxy = await startListening(["proxy", "-c", file], tcp(port));
  assertEquals((await waiting).code, 0);
});

Deno.test("hayate proxy ctl reads its token from HAYATE_TOKEN", async () => {
  const port = freePort();
  await using _proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: "127.0.0.1:${port}", token: s3cret}
upstreams: {app: {servers: ["127.0.0.1:1"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  const command = ["proxy", "ctl", "--control", `127.0.0.1:${port}`, "list"];
  assertEquals((await runHayate(command)).code, 1);
  const { code, stderr } = await runHayate(command, { env: { HAYATE_TOKEN: "s3cret" } });
  assertEquals(code, 0, stderr);
});

Deno.test("The control path answers during and after a failed start of the next generation", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const control = `${folder.path}/c.sock`;
  const config = (more: string) =>
    `listen: {port: ${port}, host: 127.0.0.1}
control: ${control}
upstreams:
  app:
    servers: ["127.0.0.1:1"]
${more}hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`;
  const file = await folder.write("h2o.conf", config(""));
  const supervise = ["supervise", "--port", `127.0.0.1:${port}`, "--", "proxy", "-c", file];
  await using supervisor = await startListening(supervise, tcp(port));
  await supervisor.waitForLine("listening on");
  const ask = () => runHayate(["proxy", "ctl", "--control", control, "list"]);
  assertEquals((await ask()).code, 0);
  const inode = (await Deno.stat(control)).ino;
  // Its first check never ends: it opens its sockets but is never ready.
  await folder.write(
    "h2o.conf",
    config("    check: interval=100000 timeout=100000 type=exec\n    check_exec: sleep 100\n"),
  );
  supervisor.kill("SIGHUP");
  const pids = await supervisor.waitUntil("the next generation", () => {
    const found = childPids(supervisor.pid);
    return Promise.resolve(found.length === 2 ? found : null);
  });
  await supervisor.waitUntil("its control socket", () => {
    const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
    return Promise.resolve(names.some((name) => name.startsWith("c.sock.")) || null);
  });
  assertEquals((await Deno.stat(control)).ino, inode);
  assertEquals((await ask()).code, 0);
  trySignal(Math.max(...pids), "SIGTERM");
  await supervisor.waitUntil(
    "its end",
    () => Promise.resolve(!childPids(supervisor.pid).includes(Math.max(...pids)) || null),
  );
  assertEquals((await Deno.stat(control)).ino, inode);
  const { code, stderr } = await ask();
  assertEquals(code, 0, stderr);
});
