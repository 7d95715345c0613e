/** The Job of machines, as scripts/deploy/kubernetes/load/job.yaml has it. Pure. */

/**
 * `count` pods on different nodes where there are enough. Nothing of the run is in the Job: it goes
 * through the pods' standard input, which ends with the coordinator (stdinOnce), and so do they.
 */
export function jobManifest(name: string, count: number, image: string): unknown {
  const labels = { "app.kubernetes.io/name": "hayate-load", "app.kubernetes.io/instance": name };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels },
    spec: {
      completions: count,
      parallelism: count,
      completionMode: "Indexed",
      backoffLimit: 0,
      // What is left where the coordinator was killed.
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            seccompProfile: { type: "RuntimeDefault" },
          },
          topologySpreadConstraints: [{
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
          }],
          containers: [{
            name: "load",
            image,
            args: ["load", "join"],
            stdin: true,
            stdinOnce: true,
            resources: { requests: { cpu: "1", memory: "128Mi" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
          }],
        },
      },
    },
  };
}
