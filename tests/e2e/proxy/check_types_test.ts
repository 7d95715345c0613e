/** Checks by TLS, HTTPS and command, and by the content of a response. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { binaryPath, Child, sleep, startListening, trySignal } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const timing = "interval=100 rise=1 fall=1 timeout=1000";

/** A proxy whose upstreams have these lines, one status page for all. */
function config(upstreams: Readonly<Record<string, readonly string[]>>, global = ""): string {
  const names = Object.keys(upstreams);
  const bodies = names.map((name) =>
    `  ${name}:\n${upstreams[name].map((line) => `    ${line}\n`).join("")}`
  );
  const paths = names.map((name) => `      /${name}: {proxy.reverse.url: "http://${name}/"}\n`);
  return `listen: {port: PORT, host: 127.0.0.1}
${global}
upstreams:
${bodies.join("")}
hosts:
  default:
    paths:
${paths.join("")}      /status.csv: {check_status: csv}
`;
}

/** `up` or `down` for each row of the status page. */
async function states(proxy: TestProxy): Promise<string[]> {
  const rows = parts(await proxy.get("/status.csv")).body.trim().split("\n");
  return rows.map((row) => row.split(",")[3]);
}

async function waitForStates(proxy: TestProxy, ...expected: string[]): Promise<void> {
  await proxy.child.waitUntil(`the states ${expected}`, async () => {
    return (await states(proxy)).join() === expected.join() || null;
  });
}

/** A proxy that answers "ok" in TLS on a port and on the socket DIR/tls.sock. */
async function startTls(folder: TempFolder, upstream: ScriptedUpstream): Promise<TestProxy> {
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost", "127.0.0.1"], crt, key);
  const ssl = `ssl: {certificate-file: ${crt}, key-file: ${key}}`;
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1, ${ssl}}
listen: {port: ${folder.path}/tls.sock, type: unix, ${ssl}}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`);
}

Deno.test("type=tls and type=https make TLS handshakes over TCP and unix sockets", async () => {
  await using folder = await tempFolder();
  await using plain = ScriptedUpstream.start(always(response("ok")));
  await using secure = await startTls(folder, plain);
  if (secure.address.kind !== "tcp") throw new TypeError("no port");
  const servers = `servers: ["127.0.0.1:${secure.address.port}", "unix:${folder.path}/tls.sock"]`;
  await using proxy = await TestProxy.start(config({
    hands: [servers, `check: ${timing} type=ssl_hello`],
    pages: [servers, `check: ${timing} type=https`, "check_match: {body: ~ ^ok$}"],
    trusting: [servers, `check: ${timing} type=tls verify=true`],
    plain: [`servers: "127.0.0.1:${plain.port}"`, `check: ${timing} type=tls`],
  }));
  const up = ["up", "up"];
  assertEquals(await states(proxy), [...up, ...up, "down", "down", "down"]);
  const peer = `127.0.0.1:${secure.address.port}`;
  assertStringIncludes(proxy.child.stderr, `check protocol tls error with peer: ${peer} \n`);
  assert(/check of 127\.0\.0\.1:\d+: .*certificate/.test(proxy.child.stderr), proxy.child.stderr);
});

Deno.test("https://NAME/ speaks TLS to the servers of an upstream", async () => {
  await using folder = await tempFolder();
  await using plain = ScriptedUpstream.start(always(response("ok")));
  await using secure = await startTls(folder, plain);
  if (secure.address.kind !== "tcp") throw new TypeError("no port");
  const text = config({
    app: [`servers: "127.0.0.1:${secure.address.port}"`, `check: ${timing} type=https`],
  }, `proxy.ssl.cafile: ${folder.path}/c.pem`);
  await using proxy = await TestProxy.start(text.replace("http://app/", "https://app/"));
  assertEquals(parts(await proxy.get("/app")).body, "ok");
});

Deno.test("verify=true trusts proxy.ssl.cafile of the global level", async () => {
  await using folder = await tempFolder();
  await using plain = ScriptedUpstream.start(always(response("ok")));
  await using secure = await startTls(folder, plain);
  if (secure.address.kind !== "tcp") throw new TypeError("no port");
  await using proxy = await TestProxy.start(config({
    app: [`servers: "127.0.0.1:${secure.address.port}"`, `check: ${timing} type=tls verify=true`],
  }, `proxy.ssl.cafile: ${folder.path}/c.pem`));
  assertEquals(await states(proxy), ["up"]);
});

Deno.test("check_match decides by status, fields and body", async () => {
  await using folder = await tempFolder();
  let body = "ready";
  await using upstream = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await peer.send(response(body, "X-Role: primary\r\n", "503 Busy"));
    }
  });
  const servers = `servers: "127.0.0.1:${upstream.port}"`;
  await using _same = ScriptedUpstream.start(always(response("ready")), `${folder.path}/u.sock`);
  await using proxy = await TestProxy.start(config({
    app: [
      servers,
      `check: ${timing} type=http`,
      'check_match: {status: "200 503", header: {X-Role: primary}, body: "~ ^ready"}',
    ],
    other: [servers, `check: ${timing} type=http`, "check_match: {status: 200-399}"],
    socket: [
      `servers: "unix:${folder.path}/u.sock"`,
      `check: ${timing} type=http`,
      'check_match: {status: "200", body: ~* READY}',
    ],
  }));
  assertEquals(await states(proxy), ["up", "down", "up"]);
  body = "starting";
  await waitForStates(proxy, "down", "down", "up");
  await proxy.child.waitForLine(`check of 127.0.0.1:${upstream.port}: the body does not match`);
  body = "ready again";
  await waitForStates(proxy, "up", "down", "up");
});

const script = `#!/bin/sh
echo "$HAYATE_UPSTREAM $HAYATE_SERVER $HAYATE_PEER $HAYATE_PEER_PATH"
test -e DIR/alive
`;

Deno.test("type=exec runs a command that gets the server to check", async () => {
  await using folder = await tempFolder();
  await using _upstream = ScriptedUpstream.start(always(response("ok")), `${folder.path}/u.sock`);
  const path = await folder.write("probe", script.replace("DIR", folder.path), 0o755);
  await using proxy = await TestProxy.start(config({
    app: [
      `servers: "unix:${folder.path}/u.sock"`,
      // A busy machine may need more than a second to start a program.
      `check: ${timing.replace("timeout=1000", "timeout=5000")} type=exec`,
      `check_exec: ${path}`,
    ],
  }));
  const peer = `${folder.path}/u.sock`;
  const said = `app unix:${peer} ${peer} ${peer}`;
  await proxy.child.waitForLine(`check of ${peer}: exit code 1: ${said}\n`);
  assertEquals(parts(await proxy.get("/app")).status, 502);
  await folder.write("alive", "");
  await proxy.child.waitForLine(`enable check peer: ${peer} \n`);
  await proxy.child.waitForLine(`check of ${peer}: ${said}\n`);
  assertEquals(parts(await proxy.get("/app")).body, "ok");
});

Deno.test("A slow command is killed with its children", async () => {
  await using folder = await tempFolder();
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  // The second process would survive if only the first one were killed.
  const command = `echo $$ >> ${folder.path}/pids; sleep 60 & echo $! >> ${folder.path}/pids; wait`;
  const check = timing.replace("timeout=1000", "timeout=300");
  await using proxy = await TestProxy.start(config({
    app: [
      `servers: "127.0.0.1:${upstream.port}"`,
      `check: ${check} type=exec`,
      `check_exec: "${command}"`,
    ],
  }));
  await proxy.child.waitForLine(`check time out with peer: 127.0.0.1:${upstream.port} `);
  await proxy.child.stop();
  const text = await Deno.readTextFile(`${folder.path}/pids`);
  const pids = text.trim().split("\n").map(Number);
  assert(pids.length >= 2, text);
  for (let tries = 0; tries < 50 && pids.some(isAlive); tries++) await sleep(100);
  assertEquals(pids.filter(isAlive), []);
});

Deno.test("A command inherits none of the supervisor's sockets", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    config({
      app: [
        "servers: 127.0.0.1:1",
        `check: ${timing} type=exec`,
        `check_exec: "ls -l /proc/$$/fd > ${folder.path}/fds; echo $SERVER_STARTER_PORT"`,
      ],
    }).replace("PORT", String(port)),
  );
  const command = ["supervise", "--port", `127.0.0.1:${port}`, "--", "proxy", "-c", file];
  await using supervisor = await startListening(command, tcp(port));
  await supervisor.waitForLine("enable check peer: 127.0.0.1:1 ");
  const descriptors = await Deno.readTextFile(`${folder.path}/fds`);
  assertStringIncludes(descriptors, "0 -> /dev/null");
  assertEquals(descriptors.includes("socket:"), false, descriptors);
  assertEquals(supervisor.stderr.includes("check of"), false);
});

/** A zombie that has not been reaped also counts as dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // The process ended while it was being read.
    if (trySignal(pid, "SIGCONT")) throw error;
    return false;
  }
}

Deno.test("A command check without a free descriptor fails, and the proxy continues", async () => {
  await using folder = await tempFolder();
  await using upstream = ScriptedUpstream.start(always(response("a")));
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    config({
      app: [
        `servers: "127.0.0.1:${upstream.port}"`,
        "check: type=exec interval=50 fall=1000000 default_down=false",
        "check_exec: exit 0",
      ],
    }).replace("PORT", `${port}`),
  );
  const command = 'ulimit -n 64; exec "$0" proxy -c "$1"';
  const child = new Child("/bin/sh", ["-c", command, binaryPath, file]);
  const clients: RawConnection[] = [];
  try {
    await child.waitForLine("listening on");
    for (let i = 0; i < 100; i++) clients.push(await RawConnection.open(tcp(port)));
    await child.waitForLine("too many open files?");
    for (const client of clients) client.close();
    const answer = await child.waitUntil("an answer", async () => {
      using client = await RawConnection.open(tcp(port));
      await client.send("GET /app HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      return (await client.readUntil("\r\n")).startsWith("HTTP/1.1 200") || null;
    });
    assert(answer);
  } finally {
    await child.stop();
  }
});
