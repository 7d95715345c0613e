import { assertEquals } from "@std/assert";
import { countCpuList, usableCpus } from "../../../mod/process/cpus.ts";

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
  assertEquals(countCpuList("0"), 1);
});
