/**
 * A Swarm of two nodes on one machine: the Docker Engine of the test, and another one in a network
 * namespace, with a pair of veth devices in between.
 */
import { assertEquals } from "@std/assert";
import { Child, runProgram } from "./binary.ts";
import { docker, image, waitUntil } from "./docker.ts";
import { peerTest } from "./peers.ts";
import { tempFolder } from "./ports.ts";

/** RFC 2544 reserves these addresses for tests of networks; Docker's overlays are in 10.0.0.0/8. */
const addresses = { manager: "198.18.91.1", worker: "198.18.91.2" } as const;
const engineTimeoutMs = 60_000;

export interface Swarm extends AsyncDisposable {
  /** An address of this machine that the tasks of all nodes reach. */
  readonly host: string;
  /** The names of the nodes; the first one is the manager. */
  readonly nodes: readonly [manager: string, worker: string];
  /** Runs `docker ARGS...` on the worker, whose engine is another one. */
  onWorker(...args: string[]): Promise<string>;
}

/** Registers a test on two nodes; counts as skipped where network namespaces cannot be made. */
export function swarmTest(name: string, run: () => Promise<void>): void {
  const mayTry = Deno.uid() === 0 && runs("ip", "netns", "add", probe);
  if (mayTry) runs("ip", "netns", "delete", probe);
  const needs = mayTry ? ["docker", "dockerd", "nsenter"] : ["root for ip netns"];
  peerTest(needs, name, run);
}

const probe = `hayate-probe-${Deno.pid}`;

function runs(program: string, ...args: string[]): boolean {
  try {
    const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return command.outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Makes the Swarm; both nodes have the image. */
export async function startSwarm(): Promise<Swarm> {
  const stack = new AsyncDisposableStack();
  const name = `hayate-${Deno.pid}`;
  await connectNamespace(name, stack);
  const worker = stack.use(await startEngine(name));
  await worker.docker("load", "--quiet", "--input", await savedImage(stack));
  await docker("swarm", "init", "--advertise-addr", addresses.manager);
  stack.defer(() => docker("swarm", "leave", "--force").then(() => {}));
  const token = await docker("swarm", "join-token", "--quiet", "worker");
  const manager = `${addresses.manager}:2377`;
  await worker.docker(
    "swarm",
    "join",
    "--advertise-addr",
    addresses.worker,
    "--token",
    token,
    manager,
  );
  await waitUntil("two nodes", async () => {
    const states = await docker("node", "ls", "--format", "{{.Status}}");
    return states.split("\n").filter((state) => state === "Ready").length === 2;
  });
  return {
    host: addresses.manager,
    nodes: [Deno.hostname(), name],
    onWorker: worker.docker,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A namespace with the worker's address, reached by the manager's. */
async function connectNamespace(name: string, stack: AsyncDisposableStack): Promise<void> {
  const [outer, inner] = [`hy${Deno.pid}a`, `hy${Deno.pid}b`];
  await ip("netns", "add", name);
  // The devices go with it.
  stack.defer(() => ip("netns", "delete", name));
  await ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name);
  await ip("address", "add", `${addresses.manager}/24`, "dev", outer);
  await ip("link", "set", outer, "up");
  await ip("-n", name, "address", "add", `${addresses.worker}/24`, "dev", inner);
  for (const device of ["lo", inner]) await ip("-n", name, "link", "set", device, "up");
}

interface Engine extends AsyncDisposable {
  docker(...args: string[]): Promise<string>;
}

/** Starts an engine in the namespace `name`, on a host of that name. */
async function startEngine(name: string): Promise<Engine> {
  const folder = await tempFolder();
  const at = (path: string) => `${folder.path}/${path}`;
  const host = `unix://${at("docker.sock")}`;
  const flags = ["--data-root", at("data"), "--exec-root", at("run"), "--pidfile", at("pid")];
  const engine = new Child("nsenter", [
    ...[`--net=/run/netns/${name}`, "unshare", "--uts", "sh", "-c"],
    ...[`hostname ${name} && exec dockerd "$@"`, "sh"],
    ...[...flags, "--host", host, "--storage-driver", "vfs"],
  ], { stopTimeoutMs: engineTimeoutMs });
  const ask = (args: readonly string[]) =>
    runProgram("docker", ["--host", host, ...args], { waitTimeoutMs: engineTimeoutMs });
  await waitUntil(
    "the second engine",
    async () => (await ask(["version"])).code === 0,
    engineTimeoutMs,
  );
  return {
    async docker(...args) {
      const { code, stdout, stderr } = await ask(args);
      assertEquals(code, 0, `docker ${args.join(" ")}: ${stderr}`);
      return stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await engine.stop();
      // The network namespaces of stopped containers may be mounted still.
      for (const path of [at("run/netns/default"), at("run/netns")]) runs("umount", "--lazy", path);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function savedImage(stack: AsyncDisposableStack): Promise<string> {
  const folder = stack.use(await tempFolder());
  await docker("save", "--output", `${folder.path}/image.tar`, image);
  return `${folder.path}/image.tar`;
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram("ip", args);
  assertEquals(code, 0, `ip ${args.join(" ")}: ${stderr}`);
}
