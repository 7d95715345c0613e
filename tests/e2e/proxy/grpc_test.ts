/** gRPC through the proxy, with the client and the server of Debian's python3-grpcio. */
import { assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child, runProgram } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const needed = "python3-grpcio";
const script = new URL("../../support/grpc_peer.py", import.meta.url).pathname;
const cleartext = "proxy.http2.ratio: 100\nproxy.http2.force-cleartext: ON";

async function startServer(...files: readonly string[]): Promise<{ port: number; child: Child }> {
  const port = freePort();
  const child = new Child(peerPath(needed), [script, "serve", String(port), ...files]);
  await child.waitForLine("ready");
  return { port, child };
}

/** What the client prints for each call. */
async function calls(proxy: TestProxy, ...names: readonly string[]): Promise<string[]> {
  if (proxy.address.kind !== "tcp") throw new TypeError("no port");
  const args = [script, "call", String(proxy.address.port), ...names];
  const { stdout } = await runProgram(peerPath(needed), args);
  return stdout.trim().split("\n");
}

const expected = [
  "unary (7, b'echo:hi', 't1', b'\\x00\\xff')",
  "big (3000005, b'echo:xxxx', 't1', b'\\x00\\xff')",
  "fail NOT_FOUND: no such thing",
  "server [b'0:a', b'1:a', b'2:a']",
  "client b'a|b|c'",
  "bidi ([b'echo:0', b'echo:1', b'echo:2'], 'OK')",
  "/test.Calls/None UNIMPLEMENTED: Method not found!",
];

for (const isSecure of [false, true]) {
  peerTest(needed, `all kinds of calls pass, ${isSecure ? "TLS" : "plain"} upstream`, async () => {
    await using folder = await tempFolder();
    const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
    writeSelfSigned(["localhost", "127.0.0.1"], crt, key);
    const { port, child } = await startServer(...(isSecure ? [crt, key] : []));
    await using _server = child;
    const how = isSecure ? `proxy.http2.ratio: 100\nproxy.ssl.cafile: ${crt}` : cleartext;
    const url = `${isSecure ? "https" : "http"}://127.0.0.1:${port}/`;
    await using proxy = await TestProxy.before(url, [], how);
    const names = expected.map((line) => line.split(" ")[0]);
    assertEquals(await calls(proxy, ...names), expected);
  });
}

peerTest(needed, "failures of the proxy are a gRPC status", async () => {
  const { port, child } = await startServer();
  await using _server = child;
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
${cleartext}
limit-request-body: 1000000
hosts:
  default:
    paths:
      /test.Calls/:
        proxy.reverse.url: "http://127.0.0.1:${port}/test.Calls/"
        proxy.timeout.io: 300
      /dead/: {proxy.reverse.url: "http://127.0.0.1:${freePort()}/"}
`);
  assertEquals(await calls(proxy, "big", "slow", "/dead/x", "/none"), [
    "big RESOURCE_EXHAUSTED: request body too large",
    "slow DEADLINE_EXCEEDED: peer did not answer in time",
    "/dead/x UNAVAILABLE: connection refused",
    "/none UNIMPLEMENTED: not found",
  ]);
});

/** Rows of the status page: the upstream and its state. */
async function healths(proxy: TestProxy): Promise<string> {
  const rows = parts(await proxy.get("/status.csv")).body.trim().split("\n");
  return rows.map((row) => row.split(",").slice(1, 4).filter((_, i) => i !== 1).join(" ")).join();
}

peerTest(needed, "type=grpc asks for the health of a server or a service", async () => {
  await using folder = await tempFolder();
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost", "127.0.0.1"], crt, key);
  const plain = await startServer();
  await using _plain = plain.child;
  const secure = await startServer(crt, key);
  await using _secure = secure.child;
  await using http1 = ScriptedUpstream.start(always(response("ok")));
  const rows: readonly (readonly [name: string, port: number, words: string])[] = [
    ["own", plain.port, ""],
    ["up", plain.port, "grpc_service=up"],
    ["down", plain.port, "grpc_service=down"],
    ["unknown", plain.port, "grpc_service=unknown"],
    ["secure", secure.port, "verify=true"],
    ["http1", http1.port, ""],
  ];
  const check = "interval=100 rise=1 fall=1 timeout=2000 type=grpc";
  const bodies = rows.map(([name, port, words]) =>
    `  ${name}: {servers: ["127.0.0.1:${port}"], check: "${check} ${words}"}\n`
  );
  const paths = rows.map(([name]) =>
    `      /${name}: {proxy.reverse.url: "${name === "secure" ? "https" : "http"}://${name}/"}\n`
  );
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
proxy.ssl.cafile: ${crt}
upstreams:
${bodies.join("")}hosts:
  default:
    paths:
${paths.join("")}      /status.csv: {check_status: csv}
`);
  const states = ["own up", "up up", "down down", "unknown down", "secure up", "http1 down"].join();
  await proxy.child.waitUntil(states, async () => (await healths(proxy)) === states || null);
  await proxy.child.waitForLine("the health status is NOT_SERVING");
  await proxy.child.waitForLine("grpc-status is 5: unknown service");
});
