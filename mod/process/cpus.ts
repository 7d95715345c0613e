/** The CPUs that this process may use. */

/** The highest number that a list may name: Linux knows no more (NR_CPUS). */
export const cpuMax = 8191;

/** How many, for `--workers auto`: the minimum of the affinity mask and the cgroup's quota; at least 1. */
export function usableCpus(readText: (path: string) => string | null): number {
  const allowed = allowedCpus(readText).length;
  const quota = quotaCpus(readText);
  const cpus = Math.min(allowed === 0 ? Infinity : allowed, quota);
  return cpus === Infinity ? 1 : Math.max(1, Math.ceil(cpus));
}

/** The affinity mask; empty if it cannot be read. */
export function allowedCpus(readText: (path: string) => string | null): readonly number[] {
  const status = readText("/proc/self/status") ?? "";
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return parseCpuList(list) ?? [];
}

/** `0-3,8` is 0, 1, 2, 3, 8: the form of taskset(1) and of /proc. null for anything else. */
export function parseCpuList(text: string): number[] | null {
  const cpus: number[] = [];
  for (const part of text.split(",")) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (match === null) return null;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (first > last || last > cpuMax) return null;
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
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
