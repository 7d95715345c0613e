/** Floods of clients, and the memory that a server releases after they have disconnected. */
import { assert } from "@std/assert";
import { EpollReactor } from "../../mod/net/epoll/epoll_reactor.ts";
import "./compiled_calls.ts";
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { type Child, descendantPids, sleep } from "./binary.ts";
import { tcp } from "./raw_socket.ts";

const slowReaderCount = 600;
const resetCount = 20_000;
/** Connections that are reset at the same time. */
const resetsAtOnce = 200;
const mib = 2 ** 20;
/** A smaller flood would prove nothing. */
const growthMin = 36 * mib;
const floodsMax = 3;
/**
 * What a process may keep: compiled code and warm caches (10 MiB as measured), and growth below which
 * nothing is done (16 MiB).
 */
const keptMax = 28 * mib;
/** Two attempts take 45 s, even on a busy machine. */
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

/** The maximum memory, once it no longer grows: the kernel's buffers have to be full first. */
async function mostBytes(child: Child): Promise<number> {
  const [stepMs, steadyMs, limitMs] = [250, 1_500, 6_000];
  const endMs = performance.now() + limitMs;
  let most = 0;
  let grownMs = performance.now();
  while (performance.now() < Math.min(endMs, grownMs + steadyMs)) {
    await sleep(stepMs);
    const now = anonymousBytes(child);
    if (now > most + mib) grownMs = performance.now();
    most = Math.max(most, now);
  }
  return most;
}

/** Clients that send requests but do not read. Returns the memory of `child` meanwhile. */
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

/** Clients that send a request and reset their connection at once. */
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

/** A server, and the path that clients request. */
export interface Target {
  readonly child: Child;
  readonly connect: Connect;
  readonly port: number;
  readonly slowPaths: readonly string[];
  readonly resetPath: string;
  /** How many; by default `resetCount`. */
  readonly resetCount?: number;
}

/** Floods `target` and waits until its memory is released; throws when it is not. */
export async function checkRelease(target: Target): Promise<void> {
  const { child, connect, port, slowPaths, resetPath } = target;
  const before = anonymousBytes(child);
  let most = 0;
  // On a fast machine the garbage collector may keep up with a flood, and it proves nothing.
  for (let floods = 0; floods < floodsMax && most <= before + growthMin; floods++) {
    most = Math.max(most, await floodSlowly(child, connect, slowPaths));
    await floodWithResets(port, resetPath, target.resetCount ?? resetCount);
    most = Math.max(most, anonymousBytes(child));
  }
  assert(most > before + growthMin, `a flood took ${inMib(most)}, from ${inMib(before)}`);
  const endMs = performance.now() + releaseTimeoutMs;
  while (anonymousBytes(child) > before + keptMax && performance.now() < endMs) await sleep(500);
  const after = anonymousBytes(child);
  const figures = `${inMib(before)} before, ${inMib(most)} under the flood, ${inMib(after)} after`;
  if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) console.log(figures);
  assert(after <= before + keptMax, figures);
}
