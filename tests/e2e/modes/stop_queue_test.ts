/**
 * TERM loses no connection that the kernel has accepted: the connections in an accept queue are
 * served before the last holder of its socket closes it. nginx with several workers resets them;
 * `serve --workers 1` and HAProxy serve them.
 */
import { assert, assertEquals } from "@std/assert";
import { childPids, sleep, startHayate, startListening } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { connectTo, tcp, unix } from "../../support/raw_socket.ts";
import { startSupervised } from "../../support/supervise.ts";

const underSupervisor = `num-threads: 2
hosts: {default: {paths: {/: {redirect: {url: "http://new.test/", status: 302}}}}}
`;

type Args = (port: number, folder: TempFolder) => Promise<readonly string[]>;

/** Under a supervisor: a master whose sockets its parent holds. */
for (const mode of ["serve", "proxy"]) {
  Deno.test(`supervise keeps serving after its ${mode} with two workers was killed`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const argv = mode === "serve"
      ? ["serve", "--workers", "2", "--text", "hello"]
      : ["proxy", "-c", await folder.write("h2o.conf", underSupervisor)];
    await using supervisor = startSupervised(folder, ["--port", `127.0.0.1:${port}`, ...argv]);
    const [{ pid }] = await supervisor.waitForGenerations(1);
    await supervisor.child.waitForLine("Ctrl-C");
    // As the kernel does when memory runs out. The orphaned workers end while the supervisor holds the socket.
    Deno.kill(pid, "SIGKILL");
    await supervisor.waitForGenerations(2);
    for (let i = 0; i < 3; i++) {
      const conn = await Deno.connect({
        hostname: "127.0.0.1",
        port,
        signal: AbortSignal.timeout(20_000),
      });
      assertEquals(await answerOn(conn), mode === "serve" ? "HTTP/1.1 200" : "HTTP/1.1 302");
    }
  });
}

const modes: Record<string, Args> = {
  "serve": (port) =>
    Promise.resolve([
      ...["serve", "--host", "127.0.0.1", "--port", String(port)],
      ...["--workers", "2", "--text", "hello"],
    ]),
  "proxy": async (port, folder) => {
    const file = await folder.write(
      "h2o.conf",
      `listen: {port: ${port}, host: 127.0.0.1}
num-threads: 2
hosts: {default: {paths: {/: {redirect: "http://new.test/"}}}}
`,
    );
    return ["proxy", "-c", file];
  },
};

const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

/** The outcome of one request on a connection that the kernel accepted. */
async function answerOn(conn: Deno.Conn): Promise<string> {
  try {
    await conn.write(request);
    const bytes = new Uint8Array(1024);
    const count = await conn.read(bytes);
    return count === null ? "closed" : new TextDecoder().decode(bytes.subarray(0, 12));
  } catch (error) {
    return (error as Error).name;
  } finally {
    conn.close();
  }
}

function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

for (const [mode, argsOf] of Object.entries(modes)) {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.test(`${mode} with two workers answers a full accept queue after ${signal}`, async () => {
      await using folder = await tempFolder();
      const port = freePort();
      const child = startHayate(await argsOf(port, folder));
      try {
        await child.waitForLine("listening on");
        const workers = await child.waitUntil("the workers", () => {
          const pids = childPids(child.pid);
          return pids.length === 2 ? pids : null;
        });
        await sleep(300);
        // Stopped workers accept nothing, so that the queues fill.
        for (const pid of workers) Deno.kill(pid, "SIGSTOP");
        const conns = await Promise.all(
          Array.from({ length: 300 }, () => connectTo(tcp(port)) as Promise<Deno.Conn>),
        );
        const answers = conns.map(answerOn);
        // Ctrl-C in a terminal also reaches the workers.
        for (const pid of signal === "SIGINT" ? workers : []) Deno.kill(pid, signal);
        child.kill(signal);
        await child.waitForLine(/received (TERM|INT)/);
        await sleep(100);
        for (const pid of workers) Deno.kill(pid, "SIGCONT");
        const expected = mode === "serve" ? "HTTP/1.1 200" : "HTTP/1.1 302";
        assertEquals(tally(await Promise.all(answers)), { [expected]: 300 });
        assertEquals((await child.result()).code, 0);
      } finally {
        await child.stop();
      }
    });
  }

  // Sockets of the portable reactor belong to Deno, which closes them with what arrives meanwhile.
  for (const backend of ["epoll"]) {
    Deno.test(`${mode} with two workers resets no client at TERM while clients connect (${backend})`, async () => {
      await using folder = await tempFolder();
      const port = freePort();
      const args = await argsOf(port, folder);
      await using child = await startListening(args, tcp(port), {
        env: { HAYATE_REACTOR: backend },
      });
      await child.waitForLine("listening on");
      const outcomes: string[] = [];
      let isOver = false;
      const client = async () => {
        while (!isOver) {
          let conn: Deno.Conn;
          try {
            conn = await connectTo(tcp(port)) as Deno.Conn;
          } catch {
            // Refused: the ports are closed, so a client can try another server.
            isOver = true;
            return;
          }
          outcomes.push(await answerOn(conn));
        }
      };
      const clients = Array.from({ length: 20 }, client);
      await sleep(500);
      child.kill("SIGTERM");
      await Promise.all(clients);
      const { [mode === "serve" ? "HTTP/1.1 200" : "HTTP/1.1 302"]: good, ...bad } = tally(
        outcomes,
      );
      assertEquals(bad, {});
      assert(good > 50, `${good} answers`);
    });
  }
}

for (const [mode, argsOf] of Object.entries(modes)) {
  const expected = mode === "serve" ? "HTTP/1.1 200" : "HTTP/1.1 302";
  for (const deadCount of [1, 2]) {
    Deno.test(`${mode} answers the queues at TERM although ${deadCount} of two workers are dead`, async () => {
      await using folder = await tempFolder();
      const port = freePort();
      const child = startHayate(await argsOf(port, folder));
      try {
        await child.waitForLine("listening on");
        const workers = await child.waitUntil("the workers", () => {
          const pids = childPids(child.pid);
          return pids.length === 2 ? pids : null;
        });
        await sleep(300);
        for (const pid of workers) Deno.kill(pid, "SIGSTOP");
        const conns = await Promise.all(
          Array.from({ length: 300 }, () => connectTo(tcp(port)) as Promise<Deno.Conn>),
        );
        const answers = conns.map(answerOn);
        for (const pid of workers.slice(0, deadCount)) Deno.kill(pid, "SIGKILL");
        // The master sees the death; another worker is not ready yet, or not even started.
        await child.waitForLine(/worker \d+ died/);
        child.kill("SIGTERM");
        await child.waitForLine("received TERM");
        for (const pid of workers.slice(deadCount)) Deno.kill(pid, "SIGCONT");
        assertEquals(tally(await Promise.all(answers)), { [expected]: 300 });
        assertEquals((await child.result()).code, 0);
      } finally {
        await child.stop();
      }
    });
  }
}

for (const kind of ["tcp", "unix"] as const) {
  Deno.test(`A ${kind} listener removed by a reload serves the connections in its queue`, async () => {
    await using folder = await tempFolder();
    const [port, removed] = [freePort(), freePort()];
    const path = `${folder.path}/removed.sock`;
    const write = (more: string) =>
      folder.write(
        "h2o.conf",
        `listen: {port: ${port}, host: 127.0.0.1}
${more}
num-threads: 2
hosts: {default: {paths: {/: {redirect: "http://new.test/"}}}}
`,
      );
    const file = await write(
      kind === "tcp"
        ? `listen: {port: ${removed}, host: 127.0.0.1}`
        : `listen: {type: unix, port: ${path}}`,
    );
    const child = startHayate(["proxy", "-c", file]);
    try {
      await child.waitForLine(/workers: \d+/);
      const workers = childPids(child.pid);
      assertEquals(workers.length, 2);
      for (const pid of workers) Deno.kill(pid, "SIGSTOP");
      const address = kind === "tcp" ? tcp(removed) : unix(path);
      const conns = await Promise.all(
        Array.from({ length: 300 }, () => connectTo(address) as Promise<Deno.Conn>),
      );
      const answers = conns.map(answerOn);
      await write("");
      child.kill("SIGHUP");
      await child.waitForLine(/workers: \d+[^]*workers: \d+/);
      for (const pid of workers) Deno.kill(pid, "SIGCONT");
      assertEquals(tally(await Promise.all(answers)), { "HTTP/1.1 302": 300 });
    } finally {
      await child.stop();
    }
  });
}
