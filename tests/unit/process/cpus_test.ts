import { assertEquals } from "@std/assert";
import { cpuMax, parseCpuList, usableCpus } from "../../../mod/process/cpus.ts";

Deno.test("usableCpus() honours affinity and the quota of either cgroup version", () => {
  const files = (all: Record<string, string>) => (path: string) => all[path] ?? null;
  const status = { "/proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3,8\n" };
  assertEquals(usableCpus(files(status)), 5);
  assertEquals(usableCpus(files({ ...status, "/sys/fs/cgroup/cpu.max": "150000 100000" })), 2);
  assertEquals(usableCpus(files({ ...status, "/sys/fs/cgroup/cpu.max": "max 100000" })), 5);
  const nested = { "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "50000 100000" };
  assertEquals(usableCpus(files({ ...status, ...nested })), 1);
  const v1 = {
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
  };
  assertEquals(usableCpus(files({ ...status, ...v1 })), 2);
  assertEquals(usableCpus(files({})), 1);
});

Deno.test("parseCpuList() reads taskset's form", () => {
  const vectors: [string, number[] | null][] = [
    ["0", [0]],
    ["0-3,8", [0, 1, 2, 3, 8]],
    ["8, 1-1\n", [8, 1]],
    [`${cpuMax}`, [cpuMax]],
    ["", null],
    ["auto", null],
    ["1,", null],
    ["3-1", null],
    ["-1", null],
    ["0-", null],
    [`${cpuMax + 1}`, null],
    ["0-99999999999999", null],
  ];
  for (const [text, cpus] of vectors) assertEquals(parseCpuList(text), cpus, text);
});
