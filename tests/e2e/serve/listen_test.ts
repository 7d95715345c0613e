/** Sockets that somebody else holds: our supervisor, start_server, systemd's protocol. */
import { assertEquals, assertMatch } from "@std/assert";
import { Child, childPids, runHayate, startHayate } from "../../support/binary.ts";
import { binaryPath } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { appWith } from "../../support/serve.ts";

const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const pidApp = appWith(`() => new Response(String(Deno.pid))`);

Deno.test("serve under hayate supervise changes its pid on HUP and loses no request", async () => {
  await using folder = await tempFolder();
  const app = await folder.write("app.js", pidApp);
  const path = `${folder.path}/a.sock`;
  const port = freePort();
  await using child = startHayate(
    ["supervise", "--port", `127.0.0.1:${port}`, "--path", path, "--", "serve", app],
  );
  await child.waitForSocket(tcp(port));
  const first = (await rawExchange(tcp(port), request, { idleMs: 5000 })).split("\r\n\r\n")[1];
  child.kill("SIGHUP");
  await child.waitUntil("another pid", async () => {
    const answer = await rawExchange(unix(path), request, { idleMs: 5000 });
    assertMatch(answer, /^HTTP\/1\.1 200 /);
    return answer.split("\r\n\r\n")[1] === first ? null : true;
  });
});

Deno.test("a prefork server under hayate supervise is replaced with all its workers", async () => {
  await using folder = await tempFolder();
  const app = await folder.write("app.js", pidApp);
  const port = freePort();
  await using child = startHayate(
    ["supervise", "--port", `127.0.0.1:${port}`, "--", "serve", "--workers", "2", app],
  );
  await child.waitForLine(/listening on .* with 2 workers/);
  const [master] = childPids(child.pid);
  child.kill("SIGHUP");
  await child.waitUntil("another master", async () => {
    assertMatch(await rawExchange(tcp(port), request, { idleMs: 5000 }), /^HTTP\/1\.1 200 /);
    return childPids(child.pid).includes(master) ? null : true;
  });
});

peerTest(
  "start_server",
  "serve takes over the sockets of Server::Starter's start_server",
  async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/a.sock`;
    const port = freePort();
    await using child = new Child(peerPath("start_server"), [
      ...["--port", `127.0.0.1:${port}`, "--path", path, "--"],
      ...[binaryPath, "serve", "--text", "starter"],
    ]);
    await child.waitForLine(/listening on/);
    for (const address of [tcp(port), unix(path)]) {
      assertMatch(await rawExchange(address, request), /\r\n\r\nstarter$/);
    }
  },
);

/** Does what systemd does: opens a socket as descriptor 3, says so, and becomes the program. */
const systemdStandIn = `
use Socket; use Fcntl;
my ($port, @command) = @ARGV;
$^F = 10;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
bind($socket, sockaddr_in($port, inet_aton("127.0.0.1"))) or die "bind: $!";
listen($socket, 128) or die;
if (fileno($socket) != 3) { require POSIX; POSIX::dup2(fileno($socket), 3); }
$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_FDNAMES} = "web";
exec { $command[0] } @command or die;
`;

for (const workers of ["1", "2"]) {
  peerTest("perl", `serve --workers ${workers} takes over systemd's LISTEN_FDS`, async () => {
    const port = freePort();
    await using child = new Child(peerPath("perl"), [
      ...["-e", systemdStandIn, String(port)],
      ...[binaryPath, "serve", "--workers", workers, "--text", "systemd"],
    ]);
    await child.waitForLine(/listening on/);
    assertMatch(await rawExchange(tcp(port), request), /\r\n\r\nsystemd$/);
  });
}

Deno.test("programs that an app starts do not get the listening sockets", async () => {
  await using folder = await tempFolder();
  const app = await folder.write(
    "app.js",
    appWith(`async () => {
      const { stdout } = await new Deno.Command("ls", { args: ["-l", "/proc/self/fd"] }).output();
      return new Response(stdout);
    }`),
  );
  for (const workers of ["1", "2"]) {
    const port = freePort();
    await using child = startHayate(
      ["supervise", "--port", `127.0.0.1:${port}`, "--", "serve", "--workers", workers, app],
    );
    await child.waitForLine(/listening on/);
    const answer = await rawExchange(tcp(port), request, { idleMs: 5000 });
    assertMatch(answer, /^HTTP\/1\.1 200 /);
    assertEquals(answer.split("\n").filter((line) => line.includes("socket:")), []);
  }
});

Deno.test("a descriptor that is not a listening socket is an error in one clear line", async () => {
  const env = { SERVER_STARTER_PORT: "8080=77" };
  const { code, stderr } = await runHayate(["serve", "-q", "--text", "x"], { env });
  assertEquals(code, 1);
  assertEquals(stderr, "hayate serve: 8080: descriptor 77 is not a listening socket\n");
  const broken = await runHayate(["serve", "-q", "--text", "x"], {
    env: { SERVER_STARTER_PORT: "8080" },
  });
  assertEquals(
    broken.stderr,
    "hayate serve: invalid $SERVER_STARTER_PORT, an element without `=` in: 8080\n",
  );
});

Deno.test("two servers share a port with --reuse-port", async () => {
  const port = freePort();
  const args = ["serve", "--host", "127.0.0.1", "--port", String(port), "--reuse-port", "--text"];
  await using one = startHayate([...args, "one"]);
  await using two = startHayate([...args, "two"]);
  await one.waitForLine(/listening on/);
  await two.waitForLine(/listening on/);
  const seen = new Set<string>();
  for (let i = 0; i < 200 && seen.size < 2; i++) {
    seen.add((await rawExchange(tcp(port), request)).split("\r\n\r\n")[1]);
  }
  assertEquals([...seen].sort(), ["one", "two"]);
});
