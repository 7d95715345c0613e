/** `hayate proxy ctl`: what a deploy script does with a running proxy. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate } from "../support/binary.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "./proxy_support.ts";

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
    new RegExp(`^app\\n  id +server .*\\n  0 +${first} +up +1 +0 +0 +0\\n$`),
  );
  assertEquals(await ctl("add", "app", second, "1"), { code: 0, text: "" });
  assertEquals(await bodies(), "a,b");
  assertEquals((await ctl("drain", "app", first)).code, 0);
  assertEquals(await bodies(), "b");
  assertStringIncludes((await ctl("list", "app")).text, "draining");
  assertEquals((await ctl("wait-healthy", "app", "--timeout", "300ms")).code, 3);
  assertEquals((await ctl("up", "app", first)).code, 0);
  assertEquals((await ctl("wait-healthy", "app")).code, 0);
  assertEquals((await ctl("weight", "app", "0", "7")).code, 0);
  assertMatch((await ctl("list", "app")).text, new RegExp(`0 +${first} +up +7 `));
  assertEquals((await ctl("remove", "app", first)).code, 0);
  assertEquals(await bodies(), "b");
  const unknown = await ctl("down", "app", first);
  assertEquals([unknown.code, unknown.text], [
    1,
    `hayate proxy ctl: app has no server ${first}: ${second}\n`,
  ]);
  const typo = await ctl("drian", "app", first);
  assertEquals(typo.code, 2);
  assertStringIncludes(typo.text, "unknown action drian: did you mean drain?");
});

Deno.test("hayate proxy ctl without a proxy says so in one line", async () => {
  const { code, stderr } = await runHayate([
    "proxy",
    "ctl",
    "--control",
    "/tmp/hayate-nobody.sock",
    "list",
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /^hayate proxy ctl: cannot reach the control listener: [^\n]+\n$/);
});
