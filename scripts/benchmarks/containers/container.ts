/** A running container of one contender, and what is measured of it. */
import { freePort } from "../../../tests/support/ports.ts";
import { answers } from "../gauges/start_time.ts";
import { serverCore } from "../test_bed.ts";
import { descriptorCountOf } from "../processes.ts";
import { docker } from "./engine.ts";
import { type ContainerSpec, inside } from "./images.ts";

const patienceMs = 20_000;
let count = 0;

/** A place for containers of one contender: a folder with its files, and a port. */
export class ContainerPlace implements AsyncDisposable {
  readonly port = freePort();
  readonly #names: string[] = [];

  private constructor(readonly spec: ContainerSpec, readonly folder: string) {}

  static async make(spec: ContainerSpec): Promise<ContainerPlace> {
    const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
    // Peers' workers run as other users.
    await Deno.chmod(folder, 0o755);
    const place = new ContainerPlace(spec, folder);
    await Deno.mkdir(`${folder}/www`);
    await Deno.writeTextFile(`${folder}/www/index.html`, "hello world\n");
    for (const [name, text] of Object.entries(spec.files(place.port))) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    return place;
  }

  /** `docker create`, on the servers' core unless `isFree`. Returns the container's name. */
  async create(flags: readonly string[] = [], isFree = false): Promise<string> {
    const name = `hayate-bench-${Deno.pid}-${++count}`;
    const cores = isFree ? [] : [`--cpuset-cpus=${serverCore}`];
    this.#names.push(name);
    await docker(
      ...["create", "--name", name, "--network", "host", "-v", `${this.folder}:${inside}`],
      ...[...cores, ...this.spec.flags(this.port), ...flags],
      ...[this.spec.image, ...this.spec.command],
    );
    return name;
  }

  /** Starts a container and waits for its first answer. */
  async start(flags: readonly string[] = []): Promise<string> {
    const name = await this.create(flags);
    await docker("start", name);
    await this.untilAnswer();
    return name;
  }

  async untilAnswer(): Promise<void> {
    const endMs = performance.now() + patienceMs;
    while (!await answers(this.port)) {
      if (performance.now() > endMs) throw new Error(`${this.spec.name} does not answer`);
      await new Promise((wake) => setTimeout(wake, 0));
    }
  }

  async remove(name: string): Promise<void> {
    this.#names.splice(this.#names.indexOf(name), 1);
    await docker("rm", "-f", "-v", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#names]) await this.remove(name);
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Waits until the processes of a container have `count` connections. */
export async function untilOpen(name: string, count: number): Promise<void> {
  const pids = await pidsOf(name);
  const endMs = performance.now() + patienceMs;
  while (pids.reduce((sum, pid) => sum + descriptorCountOf(pid), 0) < count) {
    if (performance.now() > endMs) throw new Error(`not all ${count} connections were open`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** Host pids of a container's processes. */
export async function pidsOf(name: string): Promise<number[]> {
  const [, ...lines] = (await docker("top", name, "-eo", "pid")).split("\n");
  return lines.map(Number);
}
