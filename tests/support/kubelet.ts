/**
 * Runs the container of a pod template with docker as a kubelet would: command, user, mounts,
 * environment, probes and signals come from the manifest. A field that is not translated here is an
 * error, so that no test passes without what a manifest asks for.
 */
import { parseAllDocuments } from "yaml";
import { runProgram } from "./binary.ts";
import { docker, image, waitUntil } from "./docker.ts";

// deno-lint-ignore no-explicit-any
type Fields = Record<string, any>;

/** An object of the cluster, as its manifest says it. */
export interface ClusterObject extends Fields {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Reads every object of a manifest; throws for YAML that is wrong. */
export async function readManifest(path: string): Promise<ClusterObject[]> {
  return parseAllDocuments(await Deno.readTextFile(path)).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as ClusterObject;
  });
}

/** The object of that kind; throws when there is none. */
export function objectOf(objects: readonly ClusterObject[], kind: string): ClusterObject {
  const found = objects.find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`Cannot find a ${kind} in the manifest`);
  return found;
}

/**
 * Writes the files of a ConfigMap or Secret as a kubelet does: a folder of the release, the link
 * `..data` to it, replaced by rename(2), and a link of each file through `..data`.
 */
export async function publishVolume(
  folder: string,
  data: Readonly<Record<string, string>>,
  mode: number,
): Promise<void> {
  const release = `..${crypto.randomUUID()}`;
  await Deno.mkdir(`${folder}/${release}`, { recursive: true });
  await Deno.chmod(folder, 0o755);
  await Deno.chmod(`${folder}/${release}`, 0o755);
  for (const [name, text] of Object.entries(data)) {
    await Deno.writeTextFile(`${folder}/${release}/${name}`, text);
    await Deno.chmod(`${folder}/${release}/${name}`, mode);
  }
  const before = await linkOf(`${folder}/..data`);
  await Deno.symlink(release, `${folder}/..data_tmp`);
  await Deno.rename(`${folder}/..data_tmp`, `${folder}/..data`);
  if (before !== null) return await Deno.remove(`${folder}/${before}`, { recursive: true });
  for (const name of Object.keys(data)) await Deno.symlink(`..data/${name}`, `${folder}/${name}`);
}

/** A pod that runs; `await using` removes it. */
export interface Pod extends AsyncDisposable {
  readonly name: string;
  /** Its own address; with hostNetwork the node's. */
  readonly address: string;
  /** Asks its probe once, as the kubelet would. */
  probe(kind: "startupProbe" | "readinessProbe" | "livenessProbe"): Promise<boolean>;
  /** Waits until its startup probe, then its readiness probe succeeds. */
  ready(): Promise<void>;
  /** TERM, and the exit code within terminationGracePeriodSeconds; throws when it takes longer. */
  terminate(): Promise<number>;
  logs(): Promise<{ stdout: string; stderr: string }>;
}

/** What a cluster gives to a pod besides its manifest. */
export interface ClusterSide {
  /** Folders that `publishVolume` filled, by the name of the ConfigMap or Secret. */
  readonly volumes: Readonly<Record<string, string>>;
  /** The network of pods, as docker names it. */
  readonly network: string;
  /** The node, for pods with hostNetwork. */
  readonly node?: Node;
  /** Names that the cluster's DNS would know, each with its addresses; on a node those of the node. */
  readonly names?: Names;
  /** Variables that a controller adds. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Names and their addresses. */
export type Names = Readonly<Record<string, readonly string[]>>;

/** A node, in so far as pods with hostNetwork see it: its network. `await using` removes it. */
export interface Node extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
}

/**
 * Starts a container that holds the network namespace of a node, so that the machine's own ports
 * stay free. As on a node, and other than in docker's namespaces, ports below 1024 need a capability.
 */
export async function startNode(network: string, names: Names): Promise<Node> {
  const name = `hayate-test-${Deno.pid}-node`;
  await docker(
    ...["run", "-d", "--name", name, "--network", network, ...hostFlags(names)],
    ...["--sysctl", "net.ipv4.ip_unprivileged_port_start=1024", "-e", "PORTS=1"],
    ...[image, "serve", "--text", "node"],
  );
  return {
    name,
    address: await addressOf(name, network),
    async [Symbol.asyncDispose]() {
      await docker("rm", "-f", "-v", name);
    },
  };
}

let podCount = 0;

/** Starts the only container of a pod template. */
export async function startPod(template: Fields, side: ClusterSide): Promise<Pod> {
  const spec: Fields = template.spec;
  const container: Fields = spec.containers[0];
  const name = `hayate-test-${Deno.pid}-pod-${++podCount}`;
  const flags = [...podFlags(spec, side), ...containerFlags(container, spec, side)];
  await docker("run", "-d", "--name", name, ...flags, image, ...(container.args ?? []));
  const address = spec.hostNetwork ? nodeOf(side).address : await addressOf(name, side.network);
  const probe: Pod["probe"] = (kind) => ask(name, address, container, container[kind]);
  const logs = async () => await runProgram("docker", ["logs", name]);
  return {
    name,
    address,
    probe,
    logs,
    async ready() {
      const { failureThreshold, periodSeconds } = container.startupProbe;
      const startMs = failureThreshold * periodSeconds * 1000;
      try {
        const started = async () => await probe("startupProbe") || !await isRunning(name);
        await waitUntil(`the start of ${name}`, started, startMs);
        await waitUntil(`the readiness of ${name}`, () => probe("readinessProbe"), 5000);
      } catch (error) {
        throw new Error((await logs()).stderr, { cause: error });
      }
    },
    async terminate() {
      await docker("kill", "--signal=TERM", name);
      const graceMs = spec.terminationGracePeriodSeconds * 1000;
      await waitUntil(`the end of ${name}`, async () => !await isRunning(name), graceMs);
      return Number(await docker("inspect", "-f", "{{.State.ExitCode}}", name));
    },
    async [Symbol.asyncDispose]() {
      await docker("rm", "-f", "-v", name);
    },
  };
}

/** Fields of a pod's `spec`. */
function podFlags(spec: Fields, side: ClusterSide): string[] {
  only(spec, "pod", [
    ...["hostNetwork", "securityContext", "containers", "volumes", "terminationGracePeriodSeconds"],
    // These concern the scheduler, the service account, DNS settings and restarts.
    ...["topologySpreadConstraints", "automountServiceAccountToken", "enableServiceLinks"],
    ...["dnsPolicy", "restartPolicy"],
  ]);
  if (spec.containers.length !== 1) throw new Error("Cannot run a pod of several containers");
  return [
    ...(spec.hostNetwork
      ? ["--network", `container:${nodeOf(side).name}`]
      : ["--network", side.network, ...hostFlags(side.names ?? {})]),
    // A kubelet does not know the image's own check.
    "--no-healthcheck",
  ];
}

function nodeOf({ node }: ClusterSide): Node {
  if (node === undefined) throw new Error("Cannot run a pod with hostNetwork without a node");
  return node;
}

function hostFlags(names: Names): string[] {
  return Object.entries(names).flatMap(([name, addresses]) =>
    addresses.flatMap((address) => ["--add-host", `${name}:${address}`])
  );
}

/** Fields of a container. */
function containerFlags(container: Fields, spec: Fields, side: ClusterSide): string[] {
  only(container, "container", [
    ...["name", "image", "args", "env", "ports", "resources", "securityContext", "volumeMounts"],
    ...["startupProbe", "readinessProbe", "livenessProbe"],
  ]);
  const variables = (container.env ?? []).map((variable: Fields) => {
    only(variable, "env", ["name", "value"]);
    return [variable.name, variable.value];
  });
  const env = [...variables, ...Object.entries(side.env ?? {})]
    .flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const mounts = (container.volumeMounts ?? []).flatMap((mount: Fields) => {
    only(mount, "volumeMounts", ["name", "mountPath", "readOnly"]);
    const volume = spec.volumes.find((each: Fields) => each.name === mount.name);
    only(volume, "volume", ["name", "configMap", "secret"]);
    const source = side.volumes[volume.configMap?.name ?? volume.secret?.secretName];
    if (source === undefined) throw new Error(`Cannot mount ${mount.name}: no such object`);
    return ["-v", `${source}:${mount.mountPath}:${mount.readOnly ? "ro" : "rw"}`];
  });
  const { limits } = container.resources;
  only(limits, "limits", ["memory"]);
  const memory = ["--memory", limits.memory.replace("Mi", "m").replace("Gi", "g")];
  return [...securityFlags(spec.securityContext, container.securityContext), ...env, ...mounts]
    .concat(memory);
}

function securityFlags(pod: Fields, container: Fields): string[] {
  const merged: Fields = { ...pod, ...container };
  only(merged, "securityContext", [
    ...["runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile", "capabilities"],
    ...["allowPrivilegeEscalation", "readOnlyRootFilesystem"],
  ]);
  if (merged.runAsNonRoot && !(merged.runAsUser > 0)) throw new Error("runAsNonRoot needs a user");
  // Docker's own profile is its default, as the runtime's is with RuntimeDefault.
  if (merged.seccompProfile.type !== "RuntimeDefault") throw new Error("Expected RuntimeDefault");
  const { drop, add = [] } = merged.capabilities as Record<string, string[]>;
  return [
    ...["--user", `${merged.runAsUser}:${merged.runAsGroup ?? 0}`],
    ...(merged.readOnlyRootFilesystem ? ["--read-only"] : []),
    ...(merged.allowPrivilegeEscalation ? [] : ["--security-opt", "no-new-privileges"]),
    ...drop.flatMap((capability) => ["--cap-drop", capability]),
    ...add.flatMap((capability) => ["--cap-add", capability]),
  ];
}

async function ask(
  name: string,
  address: string,
  container: Fields,
  probe: Fields,
): Promise<boolean> {
  const timing = ["periodSeconds", "timeoutSeconds", "failureThreshold"];
  only(probe, "probe", ["exec", "httpGet", ...timing]);
  const timeout = `${probe.timeoutSeconds ?? 1}`;
  if (probe.exec !== undefined) {
    const command = ["docker", "exec", name, ...probe.exec.command];
    return (await runProgram("timeout", [timeout, ...command])).code === 0;
  }
  only(probe.httpGet, "httpGet", ["path", "port"]);
  const port = container.ports.find((each: Fields) => each.name === probe.httpGet.port);
  const url = `http://${address}:${port.containerPort}${probe.httpGet.path}`;
  return (await runProgram("curl", ["-sf", "-o", "/dev/null", "-m", timeout, url])).code === 0;
}

function only(fields: Fields, what: string, known: readonly string[]): void {
  const unknown = Object.keys(fields).filter((field) => !known.includes(field));
  if (unknown.length > 0) throw new Error(`Cannot translate ${what}: ${unknown.join(", ")}`);
}

async function isRunning(name: string): Promise<boolean> {
  return await docker("inspect", "-f", "{{.State.Running}}", name) === "true";
}

async function addressOf(name: string, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return await docker("inspect", "-f", format, name);
}

async function linkOf(path: string): Promise<string | null> {
  try {
    return await Deno.readLink(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
