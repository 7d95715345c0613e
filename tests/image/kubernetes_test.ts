/**
 * The manifests of scripts/deploy/kubernetes, run pod by pod as a kubelet would, with docker in its
 * place (`scripts/with_docker scripts/image --test`). No cluster: neither controllers, the scheduler
 * nor the cluster's DNS take part.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { root, runHayate, runProgram } from "../support/binary.ts";
import { docker, waitUntil } from "../support/docker.ts";
import {
  type ClusterObject,
  type ClusterSide,
  objectOf,
  type Pod,
  publishVolume,
  readManifest,
  startNode,
  startPod,
} from "../support/kubelet.ts";
import { startSteadyLoad } from "../support/load.ts";
import { peerTest } from "../support/peers.ts";
import { type TempFolder, tempFolder } from "../support/ports.ts";
import { certificateThat, servedCertificate } from "../support/served_certificate.ts";

const manifests = `${root}/scripts/deploy/kubernetes`;
const serviceName = "app.default.svc.cluster.local";

if (Deno.env.get("HAYATE_ENGINE") === "docker") {
  peerTest(
    ["docker", "openssl", "curl"],
    "kubernetes: pods are replaced and ConfigMap and Secret change without a lost request",
    replacedPods,
  );
}

/** Three pods of the app, an edge in front, a job of load; then each kind is replaced. */
async function replacedPods(): Promise<void> {
  await using cluster = await startCluster();
  await using stack = new AsyncDisposableStack();
  const appPod = async () => stack.use(await startPod(cluster.app.spec.template, cluster.side));
  const pods = await Promise.all([appPod(), appPod(), appPod()]);
  for (const pod of pods) {
    await pod.ready();
    await waitUntil("a live pod", () => pod.probe("livenessProbe"));
  }
  const names = { [serviceName]: pods.map((pod) => pod.address) };
  const node = stack.use(await startNode(cluster.side.network, names));
  const side = { ...cluster.side, node };
  const edgePod = async () => stack.use(await startPod(cluster.edge.spec.template, side));
  const edge = await edgePod();
  await edge.ready();
  await waitUntil("a ready edge", () => edge.probe("readinessProbe"));
  assertEquals(await bodyOf(node.address), "hello\n");

  const kept = stack.use(startSteadyLoad(`https://${node.address}/`, "-k"));
  const fresh = stack.use(startSteadyLoad(`http://${node.address}/`, "--no-keepalive"));
  await cluster.changeConfig();
  await waitUntil(
    "the changed ConfigMap",
    async () => /^x-release: 2/im.test(await headOf(node.address)),
  );
  const name = "edge.example";
  const before = await servedCertificate(443, name, node.address);
  await cluster.changeCertificate();
  const isNew = (served: string) => served !== "" && served !== before;
  await certificateThat(443, name, isNew, node.address);

  await replaceApp(pods[0]);
  const next = await edgePod();
  await next.ready();
  assertEquals(await edge.terminate(), 0);
  await waitUntil("the next edge", () => next.probe("readinessProbe"));
  assertEquals(await bodyOf(node.address), "hello\n");
  await kept.end();
  await fresh.end();
  await runJob(cluster.job, { ...cluster.side, names: { [serviceName]: [pods[1].address] } });
}

/** A pod that is to end is not ready at once, and serves until SHUTDOWN_DELAY is over. */
async function replaceApp(pod: Pod): Promise<void> {
  const code = pod.terminate();
  await waitUntil("readiness withdrawn", async () => !await pod.probe("readinessProbe"), 5000);
  const { stdout } = await runProgram("curl", ["-s", `http://${pod.address}:3000/`]);
  assertEquals(stdout, "hello\n");
  assertEquals(await pod.probe("livenessProbe"), true);
  assertEquals(await code, 0);
}

/** Two of the job's pods, and the sum of their reports. */
async function runJob(job: ClusterObject, side: ClusterSide): Promise<void> {
  await using folder = await tempFolder();
  const files = await Promise.all([0, 1].map(async (index) => {
    await using pod = await startPod(job.spec.template, {
      ...side,
      env: { JOB_COMPLETION_INDEX: `${index}` },
    });
    assertEquals(await docker("wait", pod.name), "0", (await pod.logs()).stderr);
    const { stdout, stderr } = await pod.logs();
    return await folder.write(`${index}.json`, stdout + stderr);
  }));
  const merged = await runHayate(["load", "merge", ...files]);
  assertEquals(merged.code, 0, merged.stderr);
  const answered = (text: string) => JSON.parse(text).runs[0].requestsAnswered as number;
  const parts = await Promise.all(
    files.map(async (file) => answered(await Deno.readTextFile(file))),
  );
  assertEquals(answered(merged.stdout), parts[0] + parts[1]);
}

interface Cluster extends AsyncDisposable {
  readonly app: ClusterObject;
  readonly edge: ClusterObject;
  readonly job: ClusterObject;
  readonly side: ClusterSide;
  changeConfig(): Promise<void>;
  changeCertificate(): Promise<void>;
}

/** The objects of the manifests, their volumes, and a network for pods. */
async function startCluster(): Promise<Cluster> {
  const folder = await tempFolder();
  const edgeObjects = await readManifest(`${manifests}/edge.yaml`);
  const appObjects = await readManifest(`${manifests}/app.yaml`);
  const [job] = await readManifest(`${manifests}/load/job.yaml`);
  const volumes = { edge: "edge", app: "app", "edge-tls": "edge-tls" };
  for (const name of Object.values(volumes)) await Deno.mkdir(`${folder.path}/${name}`);
  // Pods run as other users than the owner of the folder.
  await Deno.chmod(folder.path, 0o755);
  const edgeConfig: Record<string, string> = objectOf(edgeObjects, "ConfigMap").data;
  const publish = async (name: string, data: Record<string, string>, mode = 0o644) =>
    await publishVolume(`${folder.path}/${name}`, data, mode);
  const changeCertificate = async () => publish("edge-tls", await makePair(folder), 0o400);
  await publish("edge", edgeConfig);
  await publish("app", objectOf(appObjects, "ConfigMap").data);
  await changeCertificate();
  const network = `hayate-test-${Deno.pid}`;
  await docker("network", "create", network);
  return {
    app: objectOf(appObjects, "Deployment"),
    edge: objectOf(edgeObjects, "DaemonSet"),
    job,
    side: {
      network,
      volumes: Object.fromEntries(
        Object.entries(volumes).map(([name, place]) => [name, `${folder.path}/${place}`]),
      ),
    },
    changeCertificate,
    async changeConfig() {
      const text = `header.add: "x-release: 2"\n${edgeConfig["h2o.conf"]}`;
      await publish("edge", { "h2o.conf": text });
    },
    async [Symbol.asyncDispose]() {
      await docker("network", "rm", network);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What `kubectl create secret tls` takes, self-signed. */
async function makePair(folder: TempFolder): Promise<Record<string, string>> {
  const [key, certificate] = [`${folder.path}/key.pem`, `${folder.path}/cert.pem`];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const { code, stderr } = await runProgram("openssl", [
    ...[...request, "-nodes", "-days", "2", "-subj", "/CN=edge.example"],
    ...["-keyout", key, "-out", certificate],
  ]);
  assertEquals(code, 0, stderr);
  return {
    "tls.crt": await Deno.readTextFile(certificate),
    "tls.key": await Deno.readTextFile(key),
  };
}

async function bodyOf(address: string): Promise<string> {
  return (await runProgram("curl", ["-sk", `https://${address}/`])).stdout;
}

async function headOf(address: string): Promise<string> {
  const { stdout } = await runProgram("curl", ["-sI", `http://${address}/`]);
  assertMatch(stdout, /^HTTP\/1\.1 200 /);
  return stdout;
}
