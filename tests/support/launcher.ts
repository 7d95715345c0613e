/** Starts hayate for a test, as a plain process or in the image, so that one test covers both. */
import { binaryPath } from "./binary.ts";
import { Child, descendantPids, isGone, sleep, trySignal } from "./child.ts";

/** A hayate under test. `await using` ends it with TERM and fails when it had to be killed. */
export interface Launched extends AsyncDisposable {
  /** The first process, which receives the user's signals. */
  readonly pid: number;
  readonly child: Child;
  signal(signal: Deno.Signal): void;
}

/** What to start. */
export interface Launch {
  /** The test's folder; in the image it is /tmp. */
  readonly folder: string;
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Where the folder's `etc` is mounted in the image; the default path if absent. */
  readonly configPlace?: string;
}

/** Starts hayate in one environment. */
export interface Launcher {
  /** For a test's name: "dist/hayate" or "the image". */
  readonly name: string;
  /** External programs that it requires. */
  readonly needs: readonly string[];
  /** Path of a file in the test's folder as hayate sees it. */
  inside(folder: string, name: string): string;
  start(launch: Launch): Promise<Launched>;
}

/** `dist/hayate` as it is. */
export const binaryLauncher: Launcher = {
  name: "dist/hayate",
  needs: [],
  inside: (folder, name) => `${folder}/${name}`,
  start({ args, env }) {
    const child = new Child(binaryPath, args, { env: env ?? {} });
    return Promise.resolve({
      pid: child.pid,
      child,
      signal: (signal) => child.kill(signal),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    });
  },
};

/** The image `tag`, run by `engine` with the test's folder as its /tmp and the host's network. */
export function imageLauncher(engine: string, tag: string): Launcher {
  return {
    name: "the image",
    needs: [engine],
    inside: (_folder, name) => `/tmp/${name}`,
    start: (launch) => engine === "docker" ? startDocker(tag, launch) : startBuildah(tag, launch),
  };
}

async function startBuildah(tag: string, launch: Launch): Promise<Launched> {
  const container = await outputOf("buildah", ["from", "--pull-never", tag]);
  const place = ["--isolation", "chroot", "--network", "host", ...await sharedFlags(launch)];
  const child = new Child("buildah", ["run", ...place, container, "--", "/hayate", ...launch.args]);
  const remove = () => outputOf("buildah", ["rm", container]);
  try {
    const pid = await child.waitUntil(
      "the container's first process",
      () => firstHayate(child.pid),
    );
    return launched(child, pid, (signal) => void trySignal(pid, signal), remove);
  } catch (error) {
    await child.stop("SIGKILL");
    await remove();
    throw error;
  }
}

let containerCount = 0;

async function startDocker(tag: string, launch: Launch): Promise<Launched> {
  const name = `hayate-test-${Deno.pid}-${++containerCount}`;
  const place = ["--rm", "--network", "host", "--name", name, ...await sharedFlags(launch)];
  const child = new Child("docker", [
    "run",
    ...place,
    "--entrypoint",
    "/hayate",
    tag,
    ...launch.args,
  ]);
  const pid = await child.waitUntil("the container's first process", async () => {
    const found = await new Child("docker", ["inspect", "-f", "{{.State.Pid}}", name]).result();
    return Number(found.stdout) || null;
  });
  const kill = (signal: Deno.Signal) =>
    void outputOf("docker", ["kill", `--signal=${signal}`, name]);
  return launched(child, pid, kill, () => Promise.resolve());
}

function launched(
  child: Child,
  pid: number,
  signal: (signal: Deno.Signal) => void,
  remove: () => Promise<unknown>,
): Launched {
  return {
    pid,
    child,
    signal,
    async [Symbol.asyncDispose]() {
      const limitMs = 15_000;
      if (!child.hasEnded) signal("SIGTERM");
      const deadline = performance.now() + limitMs;
      // The engine's own process exits when the container's first process does.
      while (!child.hasEnded && performance.now() < deadline) await sleep(20);
      const ended = child.hasEnded;
      try {
        if (!ended) trySignal(pid, "SIGKILL");
        await child.stop();
      } finally {
        await remove();
      }
      if (!ended) {
        throw new Error(`${pid} in the image did not end within ${limitMs} ms after TERM`);
      }
    },
  };
}

/** Flags that docker and buildah have in common. */
async function sharedFlags(launch: Launch): Promise<string[]> {
  const flags = ["--volume", `${launch.folder}:/tmp`];
  const hasConfig = await Deno.stat(`${launch.folder}/etc`).then(() => true, () => false);
  if (hasConfig) {
    flags.push("--volume", `${launch.folder}/etc:${launch.configPlace ?? "/etc/hayate"}`);
  }
  for (const [name, value] of Object.entries(launch.env ?? {})) {
    flags.push("--env", `${name}=${value}`);
  }
  return flags;
}

/** Without a pid namespace the first process is the first descendant that runs /hayate. */
function firstHayate(parent: number): number | null {
  for (const pid of descendantPids(parent)) {
    try {
      if (Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith("/hayate\0")) return pid;
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return null;
}

async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const result = await new Child(program, args).result();
  if (result.code !== 0) {
    throw new Error(`Cannot run ${program} ${args.join(" ")}: ${result.stderr}`);
  }
  return result.stdout.trim();
}
