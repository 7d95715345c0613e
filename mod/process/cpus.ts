/** Number of CPUs that this process may use, for `--workers auto`. */

/** The minimum of the affinity mask and the cgroup's quota; at least 1. */
export function usableCpus(readText: (path: string) => string | null): number {
  const allowed = countCpuList(
    /^Cpus_allowed_list:\s*(\S+)/m.exec(
      readText("/proc/self/status") ?? "",
    )?.[1] ?? "",
  );
  const quota = quotaCpus(readText);
  const cpus = Math.min(allowed === 0 ? Infinity : allowed, quota);
  return cpus === Infinity ? 1 : Math.max(1, Math.ceil(cpus));
}

/** `0-3,8` is 5. */
export function countCpuList(text: string): number {
  let count = 0;
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (match !== null) count += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return count;
}

/** cgroup v2 `cpu.max`, else v1 `cpu.cfs_quota_us`; Infinity without a quota. */
function quotaCpus(readText: (path: string) => string | null): number {
  const group = /^0::(.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1] ?? "";
  for (const folder of [`/sys/fs/cgroup${group}`, "/sys/fs/cgroup"]) {
    const [quota, period] = (readText(`${folder}/cpu.max`) ?? "").trim().split(/\s+/);
    if (Number(quota) > 0 && Number(period) > 0) return Number(quota) / Number(period);
  }
  const quota = Number(readText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ?? -1);
  const period = Number(readText("/sys/fs/cgroup/cpu/cpu.cfs_period_us") ?? 0);
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

/** The file's text, null when it does not exist. */
export function readTextOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    throw error;
  }
}
