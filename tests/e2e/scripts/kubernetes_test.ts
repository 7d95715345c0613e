/** The manifests of scripts/deploy/kubernetes; tests/image runs their containers. */
import { assert, assertEquals } from "@std/assert";
import { root } from "../../support/binary.ts";
import { type ClusterObject, objectOf, readManifest } from "../../support/kubelet.ts";
import { schemaFaults } from "../../support/kubernetes_schema.ts";
import { testThatNeeds } from "../../support/peers.ts";

const folder = `${root}/scripts/deploy/kubernetes`;
const files = ["edge.yaml", "app.yaml", "load/job.yaml"];
const objects = (await Promise.all(files.map((file) => readManifest(`${folder}/${file}`)))).flat();
const [daemonSet, deployment, job] = ["DaemonSet", "Deployment", "Job"]
  .map((kind) => objectOf(objects, kind));
const broken = breakManifest(daemonSet);
const faults = await schemaFaults([...objects, broken]);

testThatNeeds(
  faults === null ? ["npm's registry"] : [],
  "kubernetes: every object is valid by the API's types, and a broken one is not",
  () => {
    assertEquals(faults!.slice(0, -1), objects.map(() => []));
    assertEquals(faults!.at(-1), [
      "/spec/template/spec/hostNetwork: must be boolean",
      "/spec/template/spec/containers/0/imagePullPolcy: V1Container has no such field",
    ]);
  },
);

Deno.test("kubernetes: the edge's next pod can start beside the old one on its node", () => {
  const { updateStrategy, template } = daemonSet.spec;
  assertEquals(updateStrategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  assertEquals(template.spec.hostNetwork, true);
  const [container] = template.spec.containers;
  // With hostNetwork a port is a hostPort, which the scheduler gives to one pod of a node.
  assertEquals(container.ports, undefined);
  assertEquals(container.args[0], "--reuse-port");
});

Deno.test("kubernetes: delay and drain end before the kubelet kills", () => {
  for (const { spec } of [daemonSet, deployment]) {
    const pod = spec.template.spec;
    const seconds = (name: string) =>
      Number(
        pod.containers[0].env.find((each: { name: string }) => each.name === name)?.value ?? 0,
      );
    const stopS = seconds("SHUTDOWN_DELAY") + seconds("DRAIN_TIMEOUT");
    assert(stopS > 0 && stopS < pod.terminationGracePeriodSeconds, `${stopS} s`);
  }
});

Deno.test("kubernetes: app and load keep to the restricted Pod Security Standard", () => {
  for (const { spec } of [deployment, job]) {
    const pod = spec.template.spec;
    assertEquals(pod.hostNetwork, undefined);
    assertEquals(pod.securityContext.runAsNonRoot, true);
    assertEquals(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
    const { allowPrivilegeEscalation, capabilities } = pod.containers[0].securityContext;
    assertEquals([allowPrivilegeEscalation, capabilities], [false, { drop: ["ALL"] }]);
  }
});

/** A copy with a value of a wrong type and a field that does not exist. */
function breakManifest(object: ClusterObject): ClusterObject {
  const copy = structuredClone(object);
  copy.spec.template.spec.hostNetwork = "yes";
  copy.spec.template.spec.containers[0].imagePullPolcy = "Always";
  return copy;
}
