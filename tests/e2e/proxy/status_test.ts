/** `status: ON` compared with h2o's: readers of h2o's numbers can read ours. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { peerTest } from "../../support/peers.ts";
import { H2oPair } from "./h2o_pair.ts";
import { parts, TestProxy } from "../../support/proxy.ts";

const config = `listen: {port: PORT, host: 127.0.0.1}
max-connections: 77
hosts: {default: {paths: {/status: {status: ON}, /files: {file.dir: DIR}}}}
`;

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
}

// deno-lint-ignore no-explicit-any
async function numbers(port: number, query = ""): Promise<any> {
  const { status, body } = parts(await rawExchange(tcp(port), get(`/status/json${query}`)));
  assertEquals(status, 200);
  // h2o 2.2.5 sends it in one chunk.
  return JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1));
}

/** Of protocols and measurements that hayate does not have, and the list of requests in progress. */
const lacking = /^(http2[.-]|[a-z-]+-time-\d|duration-\d|openssl-version$|requests$)/;

peerTest("h2o", "status has the same numbers as h2o's, with the same types", async () => {
  await using pair = await H2oPair.start(config);
  for (const port of pair.ports) await rawExchange(tcp(port), get("/files/none"));
  const [theirs, ours] = await Promise.all(pair.ports.map((port) => numbers(port)));
  const names = Object.keys(theirs).filter((name) => !lacking.test(name));
  assert(names.length > 12, names.join());
  assertEquals(names.filter((name) => !(name in ours)), []);
  for (const name of names) {
    if (theirs[name] === null) continue;
    assertEquals(typeof ours[name], typeof theirs[name], name);
  }
  for (const name of ["max-connections", "listeners", "status-errors.404", "status-errors.502"]) {
    assertEquals(ours[name], theirs[name], name);
  }
  for (const name of ["current-time", "restart-time"]) {
    const form = /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$/;
    assertMatch(theirs[name], form);
    assertMatch(ours[name], form);
  }
});

Deno.test("status counts its own errors and shows the requested parts", async () => {
  await using proxy = await TestProxy.start(
    config.replace("/files:", "/gone: {proxy.reverse.url: http://127.0.0.1:1/}, /files:"),
  );
  if (proxy.address.kind !== "tcp") throw new TypeError("no port");
  const { port } = proxy.address;
  for (const path of ["/none", "/none", "/gone/x"]) await proxy.get(path);
  const errors = await numbers(port, "?show=errors");
  assertEquals([errors["status-errors.404"], errors["status-errors.502"]], [2, 1]);
  assertEquals("uptime" in errors, false);
  const main = await numbers(port, "?show=main");
  assertEquals(main["num-requests"], 5);
  assertEquals(["worker-threads", "max-connections"].map((name) => main[name]), [1, 77]);
  assertEquals(Object.keys(main).some((name) => name.startsWith("status-errors")), false);
});
