/**
 * Hot deploy under full load: HUP every second, and every request must be answered.
 *
 * One function registers the whole matrix (application x socket x client), so that the binary and
 * the image run the same list.
 */
import { assert, assertEquals } from "@std/assert";
import type { Address } from "../../mod/base/address.ts";
import { binaryPath, Child, childPids, type ChildResult, descendantPids, sleep } from "./binary.ts";
import type { Launched, Launcher } from "./launcher.ts";
import { peerPath, peerTest } from "./peers.ts";
import { freePort, type TempFolder, tempFolder } from "./ports.ts";
import { connectTo, tcp, unix } from "./raw_socket.ts";
import { servingPids } from "./serving_pids.ts";
import { UnixBridge } from "./unix_bridge.ts";

const connections = 50;
const durationS = 5;
/** New generations that must start under load; four fit into one run on an idle machine. */
const changesMin = 3;
/** Runs to reach them on a busy machine, where processes start slowly. */
const runsMax = 5;

/** The application that the supervisor runs. */
type Served = "the proxy's welcome page" | "serve --text" | "the proxy before two serve";
type Client = "hayate load" | "wrk";

/** The supervisor with its upstreams and both of its addresses. */
interface Appliance extends AsyncDisposable {
  readonly supervisor: Launched;
  /** The address as the client reaches it. */
  readonly tcp: Address;
  readonly unix: Address;
  /** The unix socket's path as the kernel knows it. */
  readonly boundPath: string;
}

/** Registers the matrix for one launcher. */
export function hotDeployTests(launcher: Launcher): void {
  const served: Served[] = [
    "the proxy's welcome page",
    "serve --text",
    "the proxy before two serve",
  ];
  for (const what of served) {
    for (const transport of ["tcp", "unix"] as const) {
      for (const client of ["hayate load", "wrk"] as const) {
        const name =
          `${launcher.name}: ${what} answers every request of ${client} over ${transport}` +
          ` while HUP comes every second`;
        const needed = [...launcher.needs, ...(client === "wrk" ? ["wrk"] : [])];
        peerTest(needed, name, () => hotDeploy(launcher, what, transport, client));
      }
    }
  }
}

async function hotDeploy(
  launcher: Launcher,
  what: Served,
  transport: "tcp" | "unix",
  client: Client,
): Promise<void> {
  await using folder = await tempFolder();
  // The image's workers are nobody, and connect to a socket in it.
  await Deno.chmod(folder.path, 0o755);
  await using appliance = await startAppliance(launcher, what, folder);
  const address = transport === "tcp" ? appliance.tcp : appliance.unix;
  const bound = transport === "tcp" ? address : unix(appliance.boundPath);
  let changes = 0;
  for (let run = 0; run < runsMax && changes < changesMin; run++) {
    await using load = await startLoad(client, address);
    changes += await hupEverySecond(appliance.supervisor, bound, address, load.child);
    assertCleanRun(await load.child.result());
  }
  assert(changes >= changesMin, `saw ${changes} new generations in ${runsMax} runs under load`);
}

/**
 * Sends HUPs while `load` runs: every second, or as soon as the previous one has put a new pid into
 * service. Returns how many did; throws when one did not. `bound` is the address as the kernel knows
 * it, `address` as the test reaches it.
 */
async function hupEverySecond(
  supervisor: Launched,
  bound: Address,
  address: Address,
  load: Child,
): Promise<number> {
  const seen = await load.waitUntil("a process that serves", async () => {
    const pids = await generationsThatServe(supervisor, bound, address);
    return pids.size > 0 ? pids : null;
  });
  let changes = 0;
  const endMs = performance.now() + (durationS - 1) * 1000;
  while (performance.now() < endMs && !load.hasEnded) {
    const hupMs = performance.now();
    supervisor.signal("SIGHUP");
    const fresh = await supervisor.child.waitUntil(
      "a new process that serves after HUP",
      async () => {
        const pids = await generationsThatServe(supervisor, bound, address);
        return Array.from(pids).find((pid) => !seen.has(pid)) ?? null;
      },
    );
    seen.add(fresh);
    changes++;
    await sleep(Math.max(0, 1000 - (performance.now() - hupMs)));
  }
  return changes;
}

/** The supervisor's children that hold accepted connections, themselves or through their workers. */
async function generationsThatServe(
  supervisor: Launched,
  bound: Address,
  address: Address,
): Promise<Set<number>> {
  // A separate connection, because all of the load's may belong to a generation that is ending.
  using _probe = await connectTo(address);
  await sleep(30);
  const serving = servingPids(supervisor.pid, bound);
  const generations = childPids(supervisor.pid).filter((pid) =>
    [pid, ...descendantPids(pid)].some((each) => serving.has(each))
  );
  return new Set(generations);
}

/** Both clients print wrk's layout: no error lines, and a number of requests above zero. */
function assertCleanRun(result: ChildResult): void {
  const report = `${result.stdout}\n${result.stderr}`;
  assertEquals(result.code, 0, report);
  const errors = result.stdout.match(/^.*(Socket errors|Non-2xx|errors?:).*$/gim) ?? [];
  assertEquals(errors, [], report);
  const requests = Number(result.stdout.match(/(\d+) requests in/)?.[1] ?? 0);
  assert(requests > 1000, `expected thousands of requests, found ${requests}:\n${report}`);
}

interface Load extends AsyncDisposable {
  readonly child: Child;
}

function startLoad(client: Client, address: Address): Promise<Load> {
  const count = ["-c", String(connections), "-d", `${durationS}`];
  const bridge = client === "wrk" && address.kind === "unix" ? new UnixBridge(address.path) : null;
  const port = bridge?.port ?? (address.kind === "tcp" ? address.port : 1);
  const url = `http://127.0.0.1:${port}/`;
  const path = client === "hayate load" && address.kind === "unix" ? ["-P", address.path] : [];
  const child = client === "wrk"
    ? new Child(peerPath("wrk"), ["-t", "1", ...count, url])
    : new Child(binaryPath, ["load", ...count, ...path, url]);
  return Promise.resolve({
    child,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await bridge?.[Symbol.asyncDispose]();
    },
  });
}

async function startAppliance(
  launcher: Launcher,
  what: Served,
  folder: TempFolder,
): Promise<Appliance> {
  const port = freePort();
  const boundPath = launcher.inside(folder.path, "a.sock");
  await using upstreams = new AsyncDisposableStack();
  const args = ["supervise", ...await command(launcher, what, folder, port, upstreams)];
  const supervisor = await launcher.start({
    folder: folder.path,
    args,
    env: { PORTS: `${port} ${boundPath}` },
  });
  upstreams.use(supervisor);
  const addresses = { tcp: tcp(port), unix: unix(`${folder.path}/a.sock`) };
  await supervisor.child.waitForSocket(addresses.tcp);
  await supervisor.child.waitForSocket(addresses.unix);
  const owned = upstreams.move();
  return {
    supervisor,
    ...addresses,
    boundPath,
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
      const left = await Deno.lstat(addresses.unix.path).catch(() => null);
      assertEquals(left, null, "expected the socket file to be removed at the end");
    },
  };
}

/** The command for `supervise`; starts what it needs and adds it to `owned`. */
async function command(
  launcher: Launcher,
  what: Served,
  folder: TempFolder,
  port: number,
  owned: AsyncDisposableStack,
): Promise<string[]> {
  if (what === "the proxy's welcome page") return ["proxy"];
  if (what === "serve --text") return ["serve", "--text", "hello"];
  const upstreamPort = freePort();
  const upstreamPath = launcher.inside(folder.path, "up.sock");
  const upstreams = [
    { flags: ["--port", `${upstreamPort}`], address: tcp(upstreamPort) },
    {
      flags: ["--path", upstreamPath, "--path-mode", "0777"],
      address: unix(`${folder.path}/up.sock`),
    },
  ];
  for (const { flags, address } of upstreams) {
    const args = ["serve", ...flags, "--text", "hello"];
    const upstream = owned.use(await launcher.start({ folder: folder.path, args }));
    await upstream.child.waitForSocket(address);
  }
  await folder.write(
    "etc/h2o.conf",
    `listen:
  port: ${port}
  host: 0.0.0.0
listen:
  port: ${launcher.inside(folder.path, "a.sock")}
  type: unix
hosts:
  default:
    paths:
      /:
        proxy.reverse.url:
          - http://127.0.0.1:${upstreamPort}/
          - http://[unix:${upstreamPath}]/
`,
  );
  // In the image the file is at its default path.
  return launcher.name === "the image" ? ["proxy"] : ["proxy", "-c", `${folder.path}/etc/h2o.conf`];
}
