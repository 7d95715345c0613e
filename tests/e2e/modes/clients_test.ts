/** Common clients, each against the appliance with its defaults. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Child, type ChildResult, runProgram, startHayate } from "../../support/binary.ts";
import { Child as Process } from "../../support/child.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";

interface Appliance extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly url: string;
  readonly port: number;
  readonly socketPath: string;
}

/** The supervisor with the proxy's welcome page, on a port and on a unix socket. */
async function startAppliance(): Promise<Appliance> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const port = freePort();
  const socketPath = `${folder.path}/a.sock`;
  const env = { PORTS: `127.0.0.1:${port} ${socketPath}` };
  const child: Child = stack.use(startHayate(["supervise"], { env }));
  await child.waitForAnswer(tcp(port));
  await child.waitForSocket(unix(socketPath));
  const owned = stack.move();
  return {
    folder,
    url: `http://127.0.0.1:${port}/`,
    port,
    socketPath,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function runPeer(program: string, args: readonly string[]): Promise<ChildResult> {
  const result = await runProgram(peerPath(program), args);
  assertEquals(result.code, 0, `${program} ${args.join(" ")}\n${result.stdout}\n${result.stderr}`);
  return result;
}

peerTest(
  "curl",
  "curl gets the welcome page as text over TCP and over the unix socket",
  async () => {
    await using appliance = await startAppliance();
    const overUnix = ["--unix-socket", appliance.socketPath, "http://localhost/"];
    for (const target of [[appliance.url], overUnix]) {
      const { stdout } = await runPeer("curl", ["-sS", "-i", ...target]);
      assertMatch(stdout, /^HTTP\/1\.1 200 /);
      assertMatch(stdout, /^content-type: text\/plain/im);
      assertMatch(stdout, /^hayate /m);
      assertMatch(stdout, /generation +1$/m);
    }
  },
);

peerTest("curl", "curl sends a second request on the connection of the first", async () => {
  await using appliance = await startAppliance();
  const { stderr } = await runPeer("curl", [
    "-sSv",
    ...["-o", "/dev/null", appliance.url],
    ...["-o", "/dev/null", appliance.url],
  ]);
  assertMatch(stderr, /Re-using existing connection/i);
});

peerTest("curl", "curl gets no body for HEAD", async () => {
  await using appliance = await startAppliance();
  const { stdout } = await runPeer("curl", ["-sS", "-I", appliance.url]);
  assertMatch(stdout, /^HTTP\/1\.1 200 /);
  assertMatch(stdout, /\r\n\r\n$/);
});

peerTest("wrk", "wrk sees no error of any kind", async () => {
  await using appliance = await startAppliance();
  const { stdout } = await runPeer("wrk", ["-t1", "-c20", "-d1", appliance.url]);
  assertEquals(stdout.match(/Socket errors.*|Non-2xx.*/g) ?? [], []);
  assertMatch(stdout, /[1-9]\d* requests in/);
});

for (const flags of [["-k"], []]) {
  const how = flags.length > 0 ? "kept-alive HTTP/1.0 connections" : "a connection per request";
  peerTest("ab", `ab completes every request over ${how}`, async () => {
    await using appliance = await startAppliance();
    // -l: the page says how long it has been up, so its length may change.
    const args = [...flags, "-l", "-n", "1000", "-c", "20", appliance.url];
    const { stdout } = await runPeer("ab", args);
    assertMatch(stdout, /^Complete requests:\s+1000$/m);
    assertMatch(stdout, /^Failed requests:\s+0$/m);
    assertEquals(stdout.match(/^Non-2xx.*$/m), null);
    if (flags.length > 0) assertMatch(stdout, /^Keep-Alive requests:\s+1000$/m);
  });
}

peerTest("hey", "hey gets 200 for every request", async () => {
  await using appliance = await startAppliance();
  const { stdout } = await runPeer("hey", ["-n", "1000", "-c", "20", appliance.url]);
  assertMatch(stdout, /\[200\]\s+1000 responses/);
  assertEquals(stdout.match(/Error distribution[^]*/), null);
});

peerTest("h2load", "h2load succeeds with every HTTP/1.1 request", async () => {
  await using appliance = await startAppliance();
  const { stdout } = await runPeer("h2load", ["--h1", "-n", "1000", "-c", "20", appliance.url]);
  assertMatch(stdout, /1000 succeeded, 0 failed, 0 errored, 0 timeout/);
});

for (const version of ["1.0", "1.1"]) {
  peerTest("nginx", `nginx forwards to hayate with HTTP/${version}`, async () => {
    await using appliance = await startAppliance();
    const port = freePort();
    await using _nginx = await startNginx(appliance, port, version);
    const { folder } = appliance;
    const request = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    const direct = bodyOf(await rawExchange(tcp(appliance.port), request, { idleMs: 10_000 }));
    for (let round = 0; round < 3; round++) {
      const answer = await rawExchange(tcp(port), request, { idleMs: 10_000 });
      assertMatch(answer, /^HTTP\/1\.1 200 /);
      assertEquals(bodyOf(answer).length > 0, direct.length > 0);
    }
    const log = await Deno.readTextFile(`${folder.path}/error.log`).catch(() => "");
    assertEquals(log.match(/^.*\[(error|crit|alert)\].*$/gm) ?? [], []);
  });
}

/** nginx on `port` in front of the appliance: the port for HTTP/1.0, the unix socket for 1.1. */
async function startNginx(appliance: Appliance, port: number, version: string): Promise<Child> {
  const { folder } = appliance;
  const server = version === "1.0" ? `127.0.0.1:${appliance.port}` : `unix:${appliance.socketPath}`;
  const config = await folder.write(
    "nginx.conf",
    `daemon off; master_process off; pid nginx.pid; error_log error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream hayate { server ${server}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://hayate;
      proxy_http_version ${version};
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
}
`,
  );
  // Without -e its first lines go to a file that only root can write.
  const log = `${folder.path}/error.log`;
  const nginx = new Process(peerPath("nginx"), ["-p", folder.path, "-c", config, "-e", log]);
  try {
    await nginx.waitForSocket(tcp(port));
  } catch (error) {
    await nginx.stop();
    throw error;
  }
  return nginx;
}

function bodyOf(response: string): string {
  return response.slice(response.indexOf("\r\n\r\n") + 4);
}

peerTest("chromium", "Chromium shows the welcome page", async () => {
  await using appliance = await startAppliance();
  await using folder = await tempFolder();
  const chromium = new Process(peerPath("chromium"), [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    `--user-data-dir=${folder.path}`,
    "--dump-dom",
    appliance.url,
  ], { env: { HOME: folder.path } });
  const { code, stdout, stderr } = await chromium.result();
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /<title>[^<]*hayate[^<]*<\/title>/i);
  assert(/h2o\.conf/.test(stdout), `expected the page to say how to configure it:\n${stdout}`);
});
