/** hayate supervise --listen-fds: sockets as systemd hands them over. */
import { assertEquals, assertMatch } from "@std/assert";
import { binaryPath, runHayate } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { startSupervised } from "../../support/supervise.ts";

/** Writes what it was given to FOLDER/out.GENERATION, then runs on. */
const tell = (folder: string) =>
  'echo "$LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES $SERVER_STARTER_PORT" ' +
  `$(readlink /proc/$$/fd/3 /proc/$$/fd/4 | cut -d: -f1 | tr '\\n' ' ') ` +
  `> ${folder}/part.$$; mv ${folder}/part.$$ ${folder}/out.$SERVER_STARTER_GENERATION; ` +
  "exec sleep 1000";

async function told(folder: string, generation: number, wait: Waiter): Promise<string[]> {
  const text = await wait(`generation ${generation}`, async () => {
    return await Deno.readTextFile(`${folder}/out.${generation}`).catch(() => null);
  });
  return text.trim().split(" ");
}

type Waiter = (what: string, look: () => Promise<string | null>) => Promise<string>;

for (const more of [[], ["--die-with-parent"]]) {
  Deno.test(`LISTEN_PID is the pid of each generation ${more.join(" ")}`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const path = `${folder.path}/s`;
    await using supervised = startSupervised(folder, [
      ...["--listen-fds", "--port", `127.0.0.1:${port}`, "--path", path, "--interval", "0"],
      ...[...more, "--", "sh", "-c", tell(folder.path)],
    ]);
    const wait: Waiter = (what, look) => supervised.child.waitUntil(what, look);
    for (const generation of [1, 2]) {
      const [count, pid, own, names, starter, ...kinds] = await told(folder.path, generation, wait);
      assertEquals([count, pid], ["2", own]);
      assertEquals(names, `127.0.0.1-${port}:${path}`);
      assertEquals(starter, `127.0.0.1:${port}=3;${path}=4`);
      assertEquals(kinds, ["socket", "socket"]);
      const pids = supervised.status().map((line) => line.pid);
      if (generation === 1) assertEquals(pids, [Number(own)]);
      supervised.child.kill("SIGHUP");
    }
  });
}

const python = `
import os, socket
assert os.environ["LISTEN_PID"] == str(os.getpid())
s = socket.socket(fileno=3)
while True:
    c, _ = s.accept()
    c.recv(1000)
    body = str(os.getpid())
    c.sendall(("HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s" % (len(body), body)).encode())
    c.close()
`;

peerTest("python3", "a program that knows only LISTEN_FDS serves, in several workers", async () => {
  await using folder = await tempFolder();
  const script = await folder.write("server.py", python);
  const port = freePort();
  await using supervised = startSupervised(folder, [
    ...["--listen-fds", "--workers", "2", "--reuse-port", "--port", `127.0.0.1:${port}`],
    ...["--", peerPath("python3"), script],
  ]);
  const pids = await supervised.child.waitUntil("both workers", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const answer = await rawExchange(tcp(port), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .catch(() => "");
      if (answer.includes(" 200 ")) seen.add(answer.split("\r\n\r\n")[1]);
    }
    return seen.size === 2 ? seen : null;
  });
  assertEquals(pids.size, 2);
});

Deno.test("hayate's own modes serve with --listen-fds, too", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/s`;
  await using supervised = startSupervised(folder, [
    ...["--listen-fds", "--path", path, "--", "serve", "--workers", "1", "--text", "own"],
  ]);
  const answer = await supervised.child.waitUntil("an answer", async () => {
    const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const text = await rawExchange(unix(path), request).catch(() => "");
    return text.includes("\r\n\r\n") ? text : null;
  });
  assertMatch(answer, /\r\n\r\nown$/);
});

Deno.test("--listen-fds: a missing program is 127, explicit numbers are refused", async () => {
  const port = String(freePort());
  const run = (args: string[]) => runHayate(["supervise", "--listen-fds", ...args]);
  const missing = await run(["--port", port, "--", "/no/such/program"]);
  assertEquals(missing.code, 127);
  const numbered = await run(["--port", `${port}=7`, "--", binaryPath]);
  assertEquals(numbered.code, 2);
  assertMatch(numbered.stderr, /--listen-fds numbers the sockets itself: leave out the =7/);
});
