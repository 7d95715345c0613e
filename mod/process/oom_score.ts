/** Which process the kernel ends first when memory runs out: a worker, and not whoever replaces it. */

/**
 * A worker that has just been started can be smaller than its supervisor by so much, and the largest process is
 * the kernel's first choice.
 */
const headStartBytes = 64 * 2 ** 20;
const scoreMax = 1000;
/** Limits of the memory that the kernel compares with (proc_pid_oom_score_adj(5)); the smallest counts. */
const limitFiles = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
] as const;

let step: number | null = null;

/**
 * Raises the worker's oom_score_adj above ours, by no more than it takes: the unit is a thousandth of all memory,
 * so that on a large host it is next to nothing. Does nothing where /proc is read-only or hidden.
 */
export function preferAsOomVictim(pid: number): void {
  try {
    const ours = Number(Deno.readTextFileSync("/proc/self/oom_score_adj"));
    const score = Math.min(scoreMax, ours + (step ??= oomScoreStep(readText)));
    if (score > ours) Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, String(score));
  } catch (error) {
    // What the system refuses (a read-only or missing /proc, a worker of another user, or one that has ended) is
    // not worth a line.
    if (error instanceof TypeError) throw error;
  }
}

/** From 1 to 1000. */
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
    // No such controller, or not for us.
    return null;
  }
}
