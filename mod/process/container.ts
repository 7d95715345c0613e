/** Whether this process is what a container runs, and what its operator calls it. */

/** Who runs the container. */
export interface Container {
  readonly runtime: "docker" | "podman" | "kubernetes" | "other";
  /** The first digits of its id, the pod's name, or null. */
  readonly name: string | null;
}

/** How long an engine waits between TERM and KILL unless it is told otherwise, in milliseconds. */
export function stopGraceMs(runtime: Container["runtime"]): number {
  // docker stop and podman stop: 10 s; terminationGracePeriodSeconds of Kubernetes: 30 s.
  return runtime === "kubernetes" ? 30_000 : 10_000;
}

/** What is looked at. */
export interface ContainerSources {
  /** null: not there, or not for us. */
  readText(path: string): string | null;
  exists(path: string): boolean;
  readonly variables: Readonly<Record<string, string>>;
}

/** Programs that pass signals on to the one process they start: `docker run --init`, for example. */
const inits = ["docker-init", "tini", "dumb-init", "catatonit", "podman-init"];

/**
 * The container whose first process is `pid`, or is its init program; null elsewhere: signals to the container would
 * reach somebody else.
 */
export function findContainer(
  pid: number,
  parent: number,
  sources: ContainerSources,
): Container | null {
  const { readText } = sources;
  const isFirst = pid === 1 ||
    (parent === 1 && inits.includes(readText("/proc/1/comm")?.trim() ?? ""));
  if (!isFirst) return null;
  const runtime = runtimeOf(sources);
  if (runtime === null) return null;
  // /var/lib/docker/containers/ID/hostname, .../overlay-containers/ID/userdata/hosts
  const mounts = readText("/proc/self/mountinfo") ?? "";
  const id = /containers\/([0-9a-f]{12})[0-9a-f]{52}\//.exec(mounts)?.[1] ?? null;
  if (runtime !== "kubernetes") return { runtime, name: id };
  return { runtime, name: readText("/etc/hostname")?.trim() || null };
}

function runtimeOf({ readText, exists, variables }: ContainerSources): Container["runtime"] | null {
  // Kubernetes first: the runtime below it leaves its own marks, too.
  if ("KUBERNETES_SERVICE_HOST" in variables || exists("/var/run/secrets/kubernetes.io")) {
    return "kubernetes";
  }
  const cgroup = readText("/proc/1/cgroup") ?? "";
  const named = variables["container"] ?? "";
  if (exists("/run/.containerenv") || named === "podman" || /libpod/.test(cgroup)) return "podman";
  if (exists("/.dockerenv") || named === "docker" || /docker/.test(cgroup)) return "docker";
  return named !== "" || /kubepods|containerd|lxc/.test(cgroup) ? "other" : null;
}

/** The host itself. */
export function containerSources(variables: Readonly<Record<string, string>>): ContainerSources {
  const readText = (path: string) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      // Missing or forbidden: no mark of a container.
      return null;
    }
  };
  const exists = (path: string) => {
    try {
      Deno.lstatSync(path);
      return true;
    } catch {
      return false;
    }
  };
  return { readText, exists, variables };
}
