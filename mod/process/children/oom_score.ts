/** Makes the OOM killer choose a worker before the process that replaces it. */

/**
 * The kernel chooses the largest process, and a new worker can be smaller than its supervisor by this
 * much.
 */
const headStartBytes = 64 * 2 ** 20;
const scoreMax = 1000;
/** Memory limits that the score is relative to (proc_pid_oom_score_adj(5)); the smallest applies. */
const limitFiles = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
] as const;

let step: number | null = null;

/**
 * Raises the worker's oom_score_adj above this process's, by the minimum. The unit is a thousandth of
 * all memory, so on a large host it is very little. Does nothing where /proc is read-only or hidden.
 */
export function preferAsOomVictim(pid: number): void {
  try {
    const ours = Number(Deno.readTextFileSync("/proc/self/oom_score_adj"));
    const score = Math.min(scoreMax, ours + (step ??= oomScoreStep(readText)));
    if (score > ours) Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, String(score));
  } catch (error) {
    // Ignore refusals of the system: a read-only or missing /proc, a worker of another user, or one
    // that has exited.
    if (error instanceof TypeError) throw error;
  }
}

/** Steps of oom_score_adj for `headStartBytes`, from 1 to 1000. */
export function oomScoreStep(read: (path: string) => string | null): number {
  const total = /^MemTotal:\s+(\d+) kB/m.exec(read("/proc/meminfo") ?? "");
  const host = total === null ? Infinity : Number(total[1]) * 1024;
  const limits = limitFiles.map((path) => Number(read(path)?.trim() || Infinity));
  const limit = Math.min(host, ...limits.filter((bytes) => bytes > 0));
  return Math.min(scoreMax, Math.max(1, Math.ceil(scoreMax * headStartBytes / limit)));
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // No such controller, or no access.
    return null;
  }
}
