/**
 * `--take-over`: a new supervisor gets the sockets of the running one, which ends once the new one
 * serves. Whatever happens before that, the running one is undisturbed.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, Child, runProgram, sleep, startHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";

interface Place {
  readonly folder: TempFolder;
  /** `--take-over`. */
  readonly path: string;
  readonly port: number;
}

async function place(): Promise<Place> {
  const folder = await tempFolder();
  return { folder, path: `${folder.path}/take-over.sock`, port: freePort() };
}

/** A supervisor of `serve --text TEXT`. */
function start({ path, port }: Place, text: string, ...more: string[]): Child {
  return startHayate([
    ...["supervise", "--take-over", path, "--port", `127.0.0.1:${port}`, ...more],
    ...["--", "serve", "--workers", "1", "--text", text],
  ]);
}

async function answer(port: number): Promise<string> {
  const text = await rawExchange(
    tcp(port),
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  return text.split("\r\n\r\n")[1];
}

async function ended(child: Child): Promise<void> {
  const { code, stderr } = await child.result();
  assertEquals(code, 0, stderr);
}

peerTest(
  ["wrk"],
  "no request is lost in a row of take-overs, over TCP, TLS and a unix path",
  async () => {
    const at = await place();
    await using folder = at.folder;
    const secure = freePort();
    const socket = `${folder.path}/app.sock`;
    const env = { PORTS: `127.0.0.1:${at.port} 127.0.0.1:${secure}/tls ${socket}` };
    const next = (text: string) =>
      startHayate(["supervise", "--take-over", at.path, "serve", "--text", text], { env });
    let running = next("release 0");
    try {
      await running.waitForLine(/supervises serve/);
      const seconds = 10;
      const url = `http://127.0.0.1:${at.port}/`;
      const loads = [
        startHayate(loadOf(seconds, url)),
        startHayate(loadOf(seconds, "-k", `https://127.0.0.1:${secure}/`)),
        startHayate(loadOf(seconds, "-P", socket, "http://localhost/")),
      ];
      const wrk = new Child("wrk", ["-t1", "-c8", `-d${seconds}s`, url]);
      await sleep(500);
      for (let release = 1; release <= 5; release++) {
        const successor = next(`release ${release}`);
        await successor.waitForLine(/has ended/);
        await ended(running);
        running = successor;
        assertEquals(await answer(at.port), `release ${release}`);
      }
      for (const load of loads) {
        const { code, stdout, stderr } = await load.result();
        assertEquals(code, 0, stdout + stderr);
      }
      const { stdout } = await wrk.result();
      assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
      assertMatch(await rawExchange(unix(socket), "GET / HTTP/1.0\r\n\r\n"), /release 5/);
    } finally {
      await running.stop();
    }
    assert(
      !await exists(socket) && !await exists(at.path),
      "the last one removes the socket files",
    );
  },
);

function loadOf(seconds: number, ...target: string[]): string[] {
  return ["load", "-c", "4", "-d", `${seconds}s`, "--no-retry", "--fail-if", "errors>0", ...target];
}

Deno.test("a new supervisor that never serves changes nothing, and the next one takes over", async () => {
  const at = await place();
  await using _folder = at.folder;
  await using running = start(at, "old");
  await running.waitForLine(/supervises serve/);
  const broken = startHayate([
    ...["supervise", "--take-over", at.path, "--port", `127.0.0.1:${at.port}`],
    ...["--", "proxy", "-c", "/no/such/file"],
  ]);
  assertEquals((await broken.result()).code, 78);
  await running.waitForLine(/ended before it served; nothing has changed/);
  assertEquals(await answer(at.port), "old");
  await using successor = start(at, "new");
  await successor.waitForLine(/has ended/);
  await ended(running);
  assertEquals(await answer(at.port), "new");
});

Deno.test("kill -9 of the new supervisor before it serves changes nothing", async () => {
  const at = await place();
  await using _folder = at.folder;
  await using running = start(at, "old");
  await running.waitForLine(/supervises serve/);
  await using slow = startHayate([
    ...["supervise", "--take-over", at.path, "--port", `127.0.0.1:${at.port}`, "--ready-notify"],
    ...["--die-with-parent", "--", "sleep", "600"],
  ]);
  await running.waitForLine(/begins to take over/);
  // A third one does not come between.
  const third = await start(at, "third").result();
  assertEquals(third.code, 1);
  assertMatch(third.stderr, /cannot take over at .*: another take-over is under way/);
  slow.kill("SIGKILL");
  await running.waitForLine(/nothing has changed/);
  for (let i = 0; i < 20; i++) assertEquals(await answer(at.port), "old");
  await using successor = start(at, "new");
  await successor.waitForLine(/has ended/);
  await ended(running);
});

Deno.test("kill -9 of the running supervisor in a take-over leaves the new one serving alone", async () => {
  const at = await place();
  await using folder = at.folder;
  await using running = start(at, "old");
  await running.waitForLine(/supervises serve/);
  const go = `${folder.path}/go`;
  const script =
    `until [ -e ${go} ]; do sleep 0.05; done; exec ${binaryPath} serve --workers 1 --text new`;
  await using successor = startHayate([
    ...["supervise", "--take-over", at.path, "--port", `127.0.0.1:${at.port}`, "--ready-notify"],
    ...["--", "sh", "-c", script],
  ]);
  await running.waitForLine(/begins to take over/);
  running.kill("SIGKILL");
  await successor.waitForLine(/has ended by itself/);
  // The workers of the dead one still answer.
  assertEquals(await answer(at.port), "old");
  await folder.write("go", "");
  await successor.waitUntil("only the new one answers", async () => {
    const answers = [];
    for (let i = 0; i < 10; i++) answers.push(await answer(at.port));
    return answers.every((text) => text === "new") ? true : null;
  });
});

Deno.test("PORTS that differ are opened and closed", async () => {
  const at = await place();
  await using _folder = at.folder;
  const [dropped, added] = [freePort(), freePort()];
  await using running = start(at, "old", "--port", `127.0.0.1:${dropped}`);
  await running.waitForLine(/supervises serve/);
  assertEquals(await answer(dropped), "old");
  await using successor = start(at, "new", "--port", `127.0.0.1:${added}`);
  await successor.waitForLine(/has ended/);
  await ended(running);
  assertEquals(await answer(at.port), "new");
  assertEquals(await answer(added), "new");
  const refused = await answer(dropped).then(() => false, () => true);
  assert(refused, "the port that nobody asks for any more is closed");
});

Deno.test("with --reuse-port the number of workers must be the same", async () => {
  const at = await place();
  await using _folder = at.folder;
  const flags = ["--reuse-port", "--workers"];
  await using running = start(at, "old", ...flags, "2");
  await running.waitForLine(/supervises serve/);
  const other = await start(at, "new", ...flags, "3").result();
  assertEquals(other.code, 1);
  assertMatch(other.stderr, /has 2 sockets for it, 3 are asked for/);
  assertEquals(await answer(at.port), "old");
  await using same = start(at, "new", ...flags, "2");
  await same.waitForLine(/has ended/);
  await ended(running);
  assertEquals(await answer(at.port), "new");
});

Deno.test("the pid file goes over, too", async () => {
  const at = await place();
  await using folder = at.folder;
  const pidFile = ["--pid-file", `${folder.path}/pid`];
  await using running = start(at, "old", ...pidFile);
  await running.waitForLine(/supervises serve/);
  await using successor = start(at, "new", ...pidFile);
  await successor.waitForLine(/has ended/);
  await ended(running);
  await successor.waitUntil("the new pid", async () => {
    const text = await Deno.readTextFile(`${folder.path}/pid`).catch(() => "");
    return text.trim() === String(successor.pid) ? true : null;
  });
});

Deno.test("a stale socket, or none, is an ordinary start; another file is an error", async () => {
  const at = await place();
  await using folder = at.folder;
  const listener = Deno.listen({ transport: "unix", path: at.path });
  await Deno.rename(at.path, `${at.path}.kept`);
  listener.close();
  await Deno.rename(`${at.path}.kept`, at.path);
  await using first = start(at, "first");
  await first.waitForLine(/supervises serve/);
  await first.stop();
  const file = await folder.write("take-over.sock", "a file of somebody");
  const refused = await start(at, "second").result();
  assertEquals(refused.code, 17);
  assertMatch(refused.stderr, /--take-over .*take-over\.sock: exists and is not a socket/);
  assertEquals(await Deno.readTextFile(file), "a file of somebody");
});

Deno.test("strangers at the socket disturb nothing", async () => {
  const at = await place();
  await using _folder = at.folder;
  await using running = start(at, "old");
  await running.waitForLine(/supervises serve/);
  const say = async (bytes: string) => await rawExchange(unix(at.path), bytes, { idleMs: 3000 });
  assertEquals(await say("GET / HTTP/1.1\r\n\r\n"), "");
  assertEquals(await say(""), "");
  const hello = { takeOver: 99, version: "9.9", container: null, createdMs: 0 };
  assertMatch(
    await say(`${JSON.stringify(hello)}\n`),
    /"refused":"hayate 9\.9 speaks version 99 of the protocol/,
  );
  assertEquals(await answer(at.port), "old");
  assertEquals((await Deno.stat(at.path)).mode! & 0o777, 0o600);
});

Deno.test("a socket of another user is refused in one line", async () => {
  if (Deno.uid() !== 0) {
    console.log("skipped: needs root, to be another user");
    return;
  }
  const at = await place();
  await using folder = at.folder;
  await Deno.chmod(folder.path, 0o777);
  const as = ["--reuid", "65534", "--regid", "65534", "--clear-groups", binaryPath];
  const stranger = await Deno.listen({ transport: "unix", path: at.path });
  await Deno.chmod(at.path, 0o777);
  const { code, stderr } = await runProgram("setpriv", [
    ...as,
    ...["supervise", "--take-over", at.path, "--port", `127.0.0.1:${at.port}`, "--", "sleep", "9"],
  ], { env: { HOME: "/tmp" } });
  stranger.close();
  // A socket of root is believed, but this one does not answer as a supervisor.
  assertEquals(code, 1);
  assertMatch(stderr, /cannot take over at .*: the process there does not answer as a supervisor/);
  const nobody = new Child("setpriv", [
    ...as,
    ...["supervise", "--take-over", `${at.path}2`, "--port", `127.0.0.1:${at.port}`],
    ...["--", "serve", "--workers", "1", "--text", "nobody"],
  ], { env: { HOME: "/tmp" } });
  try {
    await nobody.waitForLine(/supervises serve/);
    const root = await start({ ...at, path: `${at.path}2` }, "root").result();
    assertEquals(root.code, 1);
    assertMatch(root.stderr, /the process there runs as user 65534, this one as 0/);
    assertEquals(await answer(at.port), "nobody");
  } finally {
    await nobody.stop();
  }
});

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
