/** Runs the small programs of these tests in separate processes. */
import { Child } from "../support/child.ts";
import { root } from "../support/binary.ts";

/** Starts `name` with as many open files as the system allows, or with `openFiles`. */
export function startProgram(
  name: string,
  args: readonly string[] = [],
  openFiles: number | null = null,
): Child {
  // Deno's permissions and flags are those of the tests; bash only sets the limit.
  const limit = openFiles === null ? '-Sn "$(ulimit -Hn)"' : `-n ${openFiles}`;
  const script = `ulimit ${limit}; exec "$0" "$@"`;
  return new Child("bash", [
    "-c",
    script,
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    "--unstable-net",
    "--config",
    `${root}/deno.json`,
    `${root}/tests/contract/${name}`,
    ...args,
  ], { waitTimeoutMs: 30_000 });
}

/** User and system time that a process has used, in ticks of 10 ms (proc(5), fields 14 and 15). */
export function cpuTicks(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** The hard limit of open files of this process, from proc(5). */
export function openFilesMax(): number {
  const line = Deno.readTextFileSync("/proc/self/limits").match(/^Max open files\s+\d+\s+(\d+)/m);
  return line === null ? Infinity : Number(line[1]);
}
