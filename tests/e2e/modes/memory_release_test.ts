/** Memory that a flood of clients has taken is given back once they have left. */
import { assert } from "@std/assert";
import { EpollReactor } from "../../../mod/net/epoll/epoll_reactor.ts";
import type { Socket, SocketHandler } from "../../../mod/net/reactor.ts";
import { type Child, descendantPids, runProgram, sleep } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { TestProxy } from "../../support/proxy.ts";
import { appWith, type Backend, startServe } from "../../support/serve.ts";

const slowReaderCount = 400;
const resetCount = 20_000;
/** Deno's own sockets take ten times as long for one. */
const portableResetCount = 2_000;
/** Connections that are reset at the same time. */
const resetsAtOnce = 200;
const mib = 2 ** 20;
const bigFileBytes = 256 * mib;
/** Less is no flood, and would prove nothing. */
const growthMin = 36 * mib;
/**
 * What a process may keep: compiled code and warm caches (10 MiB as measured), and growth below which
 * nothing is done (16 MiB).
 */
const keptMax = 28 * mib;
/** Two attempts take 45 s, on a busy machine as well. */
const releaseTimeoutMs = 90_000;

/** Memory of a process and its children that no file backs. */
function anonymousBytes({ pid }: Child): number {
  return [pid, ...descendantPids(pid)].reduce((sum, each) => {
    const status = Deno.readTextFileSync(`/proc/${each}/status`);
    return sum + 1024 * Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1]);
  }, 0);
}

const inMib = (bytes: number) => `${Math.round(bytes / mib)} MiB`;
const requestOf = (path: string) =>
  new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);

type Connect = () => Promise<Deno.Conn>;

/** The most memory within some seconds: the kernel's buffers have to be full first. */
async function mostBytes(child: Child): Promise<number> {
  let most = 0;
  for (let i = 0; i < 24; i++) {
    await sleep(250);
    most = Math.max(most, anonymousBytes(child));
  }
  return most;
}

/** Clients that ask and do not read. Returns the memory of `child` while they are there. */
async function floodSlowly(
  child: Child,
  connect: Connect,
  paths: readonly string[],
): Promise<number> {
  const requests = paths.map(requestOf);
  const readers: Deno.Conn[] = [];
  try {
    for (let i = 0; i < slowReaderCount; i++) {
      const reader = await connect();
      readers.push(reader);
      await reader.write(requests[i % requests.length]);
    }
    return await mostBytes(child);
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Clients that ask and reset their connection at once. */
async function floodWithResets(port: number, path: string, count: number): Promise<void> {
  const reactor = new EpollReactor();
  const request = requestOf(path);
  const handler: SocketHandler = {
    onOpen(socket) {
      socket.write(request, 0, request.length);
      end(socket);
    },
    onData() {},
    onDrain() {},
    onEnd() {},
    onClose: () => next(),
  };
  let begun = 0;
  let ended = 0;
  function end(socket: Socket): void {
    socket.abort();
    next();
  }
  function next(): void {
    if (++ended === count) reactor.stop();
    else begin();
  }
  function begin(): void {
    if (begun++ < count) reactor.setTimer(0, () => reactor.connect(tcp(port), handler));
  }
  for (let i = 0; i < resetsAtOnce; i++) begin();
  await reactor.run();
}

interface Target {
  readonly child: Child;
  readonly connect: Connect;
  readonly port: number;
  readonly slowPaths: readonly string[];
  readonly resetPath: string;
  /** How many; by default `resetCount`. */
  readonly resetCount?: number;
}

async function checkRelease(target: Target): Promise<void> {
  const { child, connect, port, slowPaths, resetPath } = target;
  const before = anonymousBytes(child);
  let most = await floodSlowly(child, connect, slowPaths);
  await floodWithResets(port, resetPath, target.resetCount ?? resetCount);
  most = Math.max(most, anonymousBytes(child));
  assert(most > before + growthMin, `a flood took ${inMib(most)}, from ${inMib(before)}`);
  const endMs = performance.now() + releaseTimeoutMs;
  while (anonymousBytes(child) > before + keptMax && performance.now() < endMs) await sleep(500);
  const after = anonymousBytes(child);
  const figures = `${inMib(before)} before, ${inMib(most)} under the flood, ${inMib(after)} after`;
  if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) console.log(figures);
  assert(after <= before + keptMax, figures);
}

/** A proxy of its own folder, directly and through itself. */
async function checkProxy(backend: Backend, global = ""): Promise<void> {
  await using proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1}
${global}
hosts:
  default:
    paths:
      /files: {file.dir: DIR}
      /proxied: {proxy.reverse.url: "http://127.0.0.1:PORT/files"}
`,
    { env: { HAYATE_REACTOR: backend } },
  );
  await proxy.folder.write("small", "small");
  await proxy.folder.write("big", "");
  // A hole: it takes no room on the disk.
  await Deno.truncate(`${proxy.folder.path}/big`, bigFileBytes);
  const { port } = proxy.address as { port: number };
  await checkRelease({
    child: proxy.child,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    port,
    slowPaths: ["/files/big", "/proxied/big"],
    resetPath: "/proxied/small",
    ...(backend === "portable" ? { resetCount: portableResetCount } : {}),
  });
}

for (const backend of ["epoll", "portable"] as const) {
  Deno.test(`proxy: memory comes back after slow readers and resets (${backend})`, async () => {
    await checkProxy(backend);
  });
}

Deno.test("proxy: memory of two workers comes back after slow readers and resets", async () => {
  await checkProxy("epoll", "num-threads: 2");
});

Deno.test("serve: memory comes back after slow readers and resets", async () => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": appWith(`(request) =>
        request.url.endsWith("small") ? new Response("small") : new Response(
          new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(65536)) })
        )`),
    },
  });
  const { child, port } = served;
  await checkRelease({
    child,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    port,
    slowPaths: ["/big"],
    resetPath: "/small",
  });
});

peerTest(["openssl"], "proxy: memory of TLS connections comes back", async () => {
  await using folder = await tempFolder();
  const [crt, key] = [`${folder.path}/crt`, `${folder.path}/key`];
  const made = await runProgram("openssl", [
    ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=h"],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", crt],
  ]);
  assert(made.code === 0, made.stderr);
  await using proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
hosts:
  default:
    paths:
      /: {file.dir: DIR}
`,
  );
  await proxy.folder.write("big", "");
  await Deno.truncate(`${proxy.folder.path}/big`, bigFileBytes);
  const { port } = proxy.address as { port: number };
  const caCerts = [await Deno.readTextFile(crt)];
  await checkRelease({
    child: proxy.child,
    connect: () => Deno.connectTls({ hostname: "127.0.0.1", port, caCerts }),
    port,
    slowPaths: ["/big"],
    resetPath: "/",
  });
});
