/** What a master tells of peers that its workers have taken out, each for itself. */
import { assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../../support/ports.ts";
import { parts, TestProxy } from "../../support/proxy.ts";

interface PeerReport {
  readonly state: string;
  readonly reason?: string;
}

async function peersOf(proxy: TestProxy): Promise<readonly PeerReport[]> {
  const { body } = parts(await proxy.control("GET", "/api/9/http/upstreams/app"));
  return JSON.parse(body).peers;
}

Deno.test("a server is down once no worker uses it, and says in how many it is out", async () => {
  const servers = [freePort(), freePort()].map((port) => `"127.0.0.1:${port} fail_timeout=60"`);
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: DIR/c.sock
num-threads: 2
upstreams: {app: {servers: [${servers.join(", ")}]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  const ready = async () => parts(await proxy.control("GET", "/readyz?upstream=app")).status;
  const waitFor = (what: string, isThere: (peers: readonly PeerReport[]) => boolean) =>
    proxy.child.waitUntil(what, async () => isThere(await peersOf(proxy)) ? true : null);
  assertEquals((await peersOf(proxy)).map(({ state }) => state), ["up", "up"]);
  assertEquals(parts(await proxy.get("/")).status, 502);
  await waitFor("a report", ([{ reason }]) => reason !== undefined);
  for (const { state, reason } of await peersOf(proxy)) {
    assertEquals(state, "up");
    assertMatch(
      reason ?? "",
      /^out in 1 of 2 workers by failed requests \(max_fails 1\), tried again in \d+ s$/,
    );
  }
  assertEquals(await ready(), 200);
  // One after the other, they may all be accepted by the same worker.
  await proxy.child.waitUntil("both workers", async () => {
    await Promise.all(Array.from({ length: 50 }, () => proxy.get("/")));
    return (await peersOf(proxy)).every(({ state }) => state === "unavail") ? true : null;
  });
  for (const { reason } of await peersOf(proxy)) {
    assertMatch(reason ?? "", /^out in 2 of 2 workers/);
  }
  assertEquals(await ready(), 503);
  assertMatch(
    await proxy.control("GET", "/metrics"),
    /hayate_upstream_up\{[^}]*\} 0\n/,
  );
});
