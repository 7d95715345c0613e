/**
 * Descriptors of children: a log command, a check or a program of an app has only descriptors 0 to 2,
 * a worker its own sockets. Read from /proc/PID/fd (proc(5)). nginx, h2o and HAProxy also keep their
 * listening sockets from such children.
 */
import { assert, assertEquals } from "@std/assert";
import { binaryPath, Child, childPids, descendantPids, trySignal } from "../../support/binary.ts";
import { isGone, sleep } from "../../support/child.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { connectTo, tcp } from "../../support/raw_socket.ts";

/** Descriptors of a process by number, and what they are. */
function descriptorsOf(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      found.set(Number(name), Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

function programOf(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    // Exited, but not reaped yet.
    if (isGone(error)) return "";
    throw error;
  }
}

/** Inodes of the sockets that listen on `port` (proc(5), /proc/net/tcp: state 0A). */
function listeningOn(port: number): Set<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const line of Deno.readTextFileSync("/proc/net/tcp").split("\n")) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === "0A" && local.endsWith(`:${hex}`)) inodes.add(`socket:[${inode}]`);
  }
  return inodes;
}

interface Case {
  readonly name: string;
  readonly env?: Record<string, string>;
  readonly args: (port: number, folder: TempFolder) => Promise<readonly string[]>;
  /** Minimum number of children other than hayate. */
  readonly helpers: number;
  /** Listening sockets in each hayate process that has no hayate children. */
  readonly socketsOfWorker: number;
  /** Workers have sockets of their own. */
  readonly isPerWorker?: boolean;
}

const logCommand = "exec cat >/dev/null";
/** Stays alive after its log lines end, like a shipper that retries. */
const longLogCommand = "cat; exec sleep 300";

async function proxyConfig(folder: TempFolder, port: number, more: string): Promise<string> {
  // The first check succeeds, so that the proxy serves; the second one is running during the test.
  const check = await folder.write(
    "check.sh",
    `#!/bin/sh\n[ -e ${folder.path}/once ] && exec sleep 300; : >${folder.path}/once`,
    0o755,
  );
  return await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1}
access-log: "| ${more.includes("2") ? longLogCommand : logCommand}"
${more}
upstreams:
  app:
    servers: ["127.0.0.1:9"]
    check: "type=exec interval=100 timeout=60000 rise=1"
    check_exec: ${check}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`,
  );
}

const checks = { epoll: {}, portable: { HAYATE_REACTOR: "portable" } } as const;

const cases: readonly Case[] = [
  ...(["epoll", "portable"] as const).flatMap((backend): Case[] => [
    {
      name: `proxy, ${backend}`,
      env: checks[backend],
      args: async (port, folder) => ["proxy", "-c", await proxyConfig(folder, port, "")],
      helpers: 2,
      socketsOfWorker: 1,
    },
    {
      name: `serve --workers 1, ${backend}`,
      env: checks[backend],
      args: (port) => serveArgs(port, "--workers", "1"),
      helpers: 1,
      socketsOfWorker: 1,
    },
    {
      name: `serve --workers 2, ${backend}`,
      env: checks[backend],
      args: (port) => serveArgs(port, "--workers", "2"),
      helpers: 2,
      socketsOfWorker: 1,
      isPerWorker: backend === "portable",
    },
  ]),
  {
    name: "proxy with two workers",
    args: async (port, folder) => [
      "proxy",
      "-c",
      await proxyConfig(folder, port, "num-threads: 2"),
    ],
    helpers: 3,
    socketsOfWorker: 1,
  },
  ...[1, 2].map((workers): Case => ({
    name: `supervise proxy, num-threads: ${workers}, with a log command of its own`,
    args: async (port, folder) => [
      "supervise",
      `--port=127.0.0.1:${port}`,
      `--log-file=| ${logCommand}`,
      "proxy",
      "-c",
      await proxyConfig(folder, port, `num-threads: ${workers}`),
    ],
    helpers: workers + 2,
    socketsOfWorker: 1,
  })),
  {
    name: "supervise --workers 2 --reuse-port serve",
    args: async (port) => [
      "supervise",
      `--port=127.0.0.1:${port}`,
      "--workers=2",
      "--reuse-port",
      `--ready-exec=sleep 300`,
      ...await serveArgs(null, "--workers", "1"),
    ],
    helpers: 2,
    socketsOfWorker: 1,
    isPerWorker: true,
  },
  {
    name: "supervise serve --workers 2",
    args: async (port) => [
      "supervise",
      `--port=127.0.0.1:${port}`,
      ...await serveArgs(null, "--workers", "2"),
    ],
    helpers: 2,
    socketsOfWorker: 1,
  },
  {
    name: "a program that an app starts",
    args: async (port, folder) => {
      const app = await folder.write(
        "app.js",
        `new Deno.Command("sleep", { args: ["300"] }).spawn();
export default { fetch: () => new Response("hello") };
`,
      );
      const place = ["--host", "127.0.0.1", "--port", String(port), "--workers", "2"];
      return ["serve", ...place, app];
    },
    helpers: 2,
    socketsOfWorker: 1,
  },
];

function serveArgs(port: number | null, ...more: readonly string[]): Promise<readonly string[]> {
  const place = port === null ? [] : ["--host", "127.0.0.1", "--port", String(port)];
  return Promise.resolve(
    ["serve", ...place, ...more, "--access-log", `| ${logCommand}`, "--text", "hello"],
  );
}

for (const one of cases) {
  Deno.test(`children hold only the descriptors they need: ${one.name}`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const args = await one.args(port, folder);
    const foreign = await folder.write("foreign", "");
    // A parent that keeps a file open without close-on-exec, as shells and some init systems do.
    const child = new Child("sh", ["-c", 'exec 7<"$0"; exec "$@"', foreign, binaryPath, ...args], {
      env: one.env ?? {},
      waitTimeoutMs: 30_000,
    });
    const isOurs = (pid: number) => programOf(pid) === binaryPath;
    let helpers: number[] = [];
    try {
      helpers = await child.waitUntil("all children", async () => {
        // Each attempt reads all of /proc.
        await sleep(100);
        (await connectTo(tcp(port)).catch(() => null))?.close();
        const found = descendantPids(child.pid).filter((pid) =>
          programOf(pid) !== "" && !isOurs(pid)
        );
        // Direct children of hayate processes; the others are descendants of these.
        const below = new Set(found.flatMap(childPids));
        const top = found.filter((pid) => !below.has(pid));
        return top.length >= one.helpers ? found : null;
      });
      for (const pid of helpers) {
        const held = [...descriptorsOf(pid)]
          // A shell keeps its script open.
          .filter(([, what]) => what !== `${folder.path}/check.sh`);
        assertEquals(held.map(([number]) => number).sort(), [0, 1, 2], programOf(pid));
      }
      const sockets = listeningOn(port);
      const ours = [child.pid, ...descendantPids(child.pid)].filter(isOurs);
      const workers = ours.filter((pid) => !childPids(pid).some(isOurs));
      const held = workers.map((pid) =>
        [...descriptorsOf(pid).values()].filter((what) => sockets.has(what))
      );
      for (const names of held) assertEquals(names.length, one.socketsOfWorker);
      if (one.isPerWorker) assertEquals(new Set(held.flat()).size, workers.length);
      // Only a supervisor passes inherited descriptors on, to its generations (Server::Starter).
      const generations = args[0] === "supervise" ? childPids(child.pid).filter(isOurs) : [];
      for (const pid of ours.filter((pid) => pid !== child.pid && !generations.includes(pid))) {
        assert(![...descriptorsOf(pid).values()].includes(foreign), `${pid} holds ${foreign}`);
      }
    } finally {
      helpers = [...new Set([...helpers, ...descendantPids(child.pid).filter((p) => !isOurs(p))])];
      trySignal(child.pid, "SIGTERM");
      await child.waitUntil("its end", () => child.hasEnded ? true : null).catch(() => {});
      // Log commands that outlive it keep its output, but not its port.
      const listeners = listeningOn(port);
      for (const pid of helpers) trySignal(pid, "SIGKILL");
      await child.stop();
      assertEquals(listeners.size, 0, "the port is still held");
    }
  });
}
