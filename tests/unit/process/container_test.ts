import { assertEquals } from "@std/assert";
import { type Container, findContainer } from "../../../mod/process/container.ts";

const id = "0123456789abcdef".repeat(4);

interface Host {
  readonly files?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly pid?: number;
  readonly parent?: number;
}

function find({ files = {}, variables = {}, pid = 1, parent = 0 }: Host): Container | null {
  return findContainer(pid, parent, {
    readText: (path) => files[path] ?? null,
    exists: (path) => path in files,
    variables,
  });
}

const dockerMounts =
  `1 2 0:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 x rw\n`;
const podmanMounts =
  `1 2 0:1 /storage/overlay-containers/${id}/userdata/hosts /etc/hosts rw - x x rw\n`;

Deno.test("findContainer() recognises Docker, podman and Kubernetes", () => {
  const rows: readonly (readonly [Host, Container | null])[] = [
    [{ files: { "/.dockerenv": "" } }, { runtime: "docker", name: null }],
    [
      { files: { "/.dockerenv": "", "/proc/self/mountinfo": dockerMounts } },
      { runtime: "docker", name: "0123456789ab" },
    ],
    [{ files: { "/proc/1/cgroup": `1:name=systemd:/docker/${id}\n` } }, {
      runtime: "docker",
      name: null,
    }],
    [
      { files: { "/run/.containerenv": "", "/proc/self/mountinfo": podmanMounts } },
      { runtime: "podman", name: "0123456789ab" },
    ],
    [{ variables: { container: "podman" } }, { runtime: "podman", name: null }],
    [
      {
        files: { "/.dockerenv": "", "/etc/hostname": "web-5f6-x\n" },
        variables: { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
      },
      { runtime: "kubernetes", name: "web-5f6-x" },
    ],
    [{ variables: { container: "lxc" } }, { runtime: "other", name: null }],
    [{}, null],
    // A shell in a container: signals to the container go to another process.
    [{ files: { "/.dockerenv": "" }, pid: 70, parent: 50 }, null],
    [{ files: { "/.dockerenv": "", "/proc/1/comm": "bash\n" }, pid: 70, parent: 1 }, null],
    // docker run --init
    [
      { files: { "/.dockerenv": "", "/proc/1/comm": "docker-init\n" }, pid: 7, parent: 1 },
      { runtime: "docker", name: null },
    ],
  ];
  for (const [host, expected] of rows) assertEquals(find(host), expected, JSON.stringify(host));
});
