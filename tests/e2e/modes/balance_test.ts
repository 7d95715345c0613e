/** New connections are spread over the workers of `serve` and of `proxy`. */
import { assert, assertEquals } from "@std/assert";
import { type Child, childPids, runHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import { startServe } from "../../support/serve.ts";

const workers = 4;

interface Service extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  /** What root has started as another user has a parent that stays root. */
  readonly hasKeeper: boolean;
}

async function startProxy(flags: readonly string[] = []): Promise<Service> {
  const folder = await tempFolder();
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    `num-threads: ${workers}
listen: {host: 127.0.0.1, port: ${port}}
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
  // The configuration is read as that user.
  await Deno.chmod(folder.path, 0o755);
  const child = await startListening(["proxy", "-c", file, ...flags], tcp(port), {});
  return {
    child,
    port,
    hasKeeper: flags.includes("--user"),
    async [Symbol.asyncDispose]() {
      await child.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function startText(flags: readonly string[] = []): Promise<Service> {
  const args = ["--workers", String(workers), "--text", "hi", ...flags];
  const hasKeeper = flags.includes("--user");
  return Object.assign(await startServe({ args }), { hasKeeper });
}

const anotherUser = ["--user", "nobody"];
const ways: Record<string, () => Promise<Service>> = {
  serve: startText,
  proxy: startProxy,
  // Their masters may not look into each other (PR_SET_DUMPABLE).
  ...(Deno.uid() === 0
    ? {
      "serve as another user": () => startText(anotherUser),
      "proxy as another user": () => startProxy(anotherUser),
    }
    : {}),
};

const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/** A connection whose request has been answered: a worker has it. */
async function open(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(tcp(port));
  await connection.send(request);
  await connection.readUntil("\r\n\r\n", 30_000);
  return connection;
}

function workersOf({ child, hasKeeper }: Service): number[] {
  const master = hasKeeper ? childPids(child.pid)[0] : child.pid;
  return master === undefined ? [] : childPids(master).toSorted();
}

/** Sockets that each worker has open. */
function socketCounts(service: Service): number[] {
  return workersOf(service).map((pid) => {
    let count = 0;
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      try {
        if (Deno.readLinkSync(`/proc/${pid}/fd/${name}`).startsWith("socket:")) count++;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return count;
  });
}

async function allServing(service: Service): Promise<void> {
  const { child, port } = service;
  await child.waitUntil("all workers", () => workersOf(service).length === workers ? true : null);
  await child.waitForAnswer(tcp(port));
  // A worker that still starts takes no part.
  await child.waitUntil(
    "equal workers",
    () => new Set(socketCounts(service)).size === 1 ? true : null,
  );
}

/** How many of `total` connections, all kept open, each worker got. */
async function shares(service: Service, total: number): Promise<number[]> {
  const before = socketCounts(service);
  const connections: RawConnection[] = [];
  try {
    while (connections.length < total) connections.push(await open(service.port));
    return socketCounts(service).map((count, index) => count - before[index]);
  } finally {
    for (const connection of connections) connection.close();
  }
}

for (const [mode, start] of Object.entries(ways)) {
  Deno.test(`${mode}: each worker has its share of kept connections, within 10 %`, async () => {
    await using service = await start();
    const each = 20;
    const found: string[] = [];
    // A worker that gets no CPU for a while leaves its share to the others; the kernel alone never
    // spreads connections so evenly.
    for (let attempts = 0; attempts < 5; attempts++) {
      await allServing(service);
      const counts = await shares(service, workers * each);
      assertEquals(counts.reduce((sum, count) => sum + count), workers * each);
      if (counts.every((count) => Math.abs(count - each) <= each / 10)) return;
      found.push(counts.join());
    }
    assert(false, `connections of the workers: ${found.join("; ")}`);
  });

  Deno.test(`${mode}: a worker that hangs keeps no connection waiting`, async () => {
    await using service = await start();
    await allServing(service);
    const [hung] = workersOf(service);
    Deno.kill(hung, "SIGSTOP");
    const connections: RawConnection[] = [];
    try {
      // More than the others' share, as long as it has none.
      for (let i = 0; i < 3 * workers; i++) connections.push(await open(service.port));
    } finally {
      Deno.kill(hung, "SIGCONT");
      for (const connection of connections) connection.close();
    }
  });
}

/** An upstream that counts its connections. */
function countingUpstream() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const counted = { port: (listener.addr as Deno.NetAddr).port, connections: 0 };
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  const serve = async (connection: Deno.Conn) => {
    counted.connections++;
    const buffer = new Uint8Array(4096);
    // The proxy sends no second request before the answer to the first.
    while (await connection.read(buffer).catch(() => null) !== null) await connection.write(answer);
    connection.close();
  };
  const done = (async () => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  return {
    counted,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

Deno.test("proxy: 8 workers use their upstream connections again, 99 of 100 times", async () => {
  await using upstream = countingUpstream();
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    `num-threads: 8
listen: {host: 127.0.0.1, port: ${port}}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.counted.port}/"}}}}
`,
  );
  const child = await startListening(["proxy", "-c", file], tcp(port), {});
  try {
    await child.waitUntil("all workers", () => childPids(child.pid).length === 8 ? true : null);
    await child.waitForAnswer(tcp(port));
    const flags = ["-R", "1000", "-c", "16", "-d", "5s", "--json", "-"];
    const { code, stdout } = await runHayate(["load", ...flags, `http://127.0.0.1:${port}/`]);
    assertEquals(code, 0);
    const { requestsAnswered: requests } = JSON.parse(stdout).runs[0];
    const { connections } = upstream.counted;
    assert(connections <= requests / 100, `${connections} connections for ${requests} requests`);
  } finally {
    await child.stop();
  }
});
