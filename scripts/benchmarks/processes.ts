/** Pinned child processes and their CPU time. */
import { type Address, formatAddress } from "../../mod/base/address.ts";
import { openFilesMax } from "../testing/host_limits.ts";
import { processCpuUs } from "./cpu_clock.ts";

/** CPU time of a process and its descendants, in microseconds. */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** USER_HZ, which is 100 on every Linux that Deno runs on (proc(5)). */
const tickUs = 10_000;

/** Open files that the rows with most connections need. */
const descriptorsWanted = 65_536;

/** Raises this process's limit of open files, which its children inherit. Only root can. */
export async function raiseDescriptors(): Promise<void> {
  if (Deno.uid() !== 0 || descriptorsMax() >= descriptorsWanted) return;
  const limit = `--nofile=${descriptorsWanted}:${descriptorsWanted}`;
  // A row that needs more than there are says so itself.
  await new Deno.Command("prlimit", { args: ["--pid", String(Deno.pid), limit] }).output();
}

/** The open files that a child may have: those that do not raise the soft limit get that one. */
export function descriptorsMax(): number {
  return openFilesMax(Deno.readTextFileSync("/proc/self/limits"));
}

/** Running processes, to end them when the benchmark is interrupted. */
const running = new Set<PinnedProcess>();

export async function stopEverything(): Promise<void> {
  await Promise.all([...running].map((process) => process.stop()));
}

/** Root's proxy would become nobody, who cannot read the temporary folders of a benchmark. */
export function asRoot(): Record<string, string> {
  return Deno.uid() === 0 ? { HAYATE_USER: "root" } : {};
}

/** A server pinned to one core until `stop`. */
export class PinnedProcess {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  #hasEnded = false;

  constructor(
    readonly label: string,
    core: number,
    path: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#child = new Deno.Command("taskset", {
      args: ["-c", String(core), path, ...args],
      env: { ...asRoot(), ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#stderr = new Response(this.#child.stderr).text();
    this.#child.status.then(() => this.#hasEnded = true);
    running.add(this);
  }

  /** Waits until it accepts connections; throws with its output when it ends before that. */
  async untilListening(address: Address, timeoutMs = 10_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      try {
        const conn = address.kind === "unix"
          ? await Deno.connect({ transport: "unix", path: address.path })
          : await Deno.connect({ hostname: address.host, port: address.port });
        conn.close();
        return;
      } catch (error) {
        if (this.#hasEnded) {
          // Programs end with what is fatal.
          const said = (await this.#stderr).trim().split("\n").slice(-3).join("; ");
          throw new Error(`${this.label} did not start: ${said || "it said nothing"}`);
        }
        if (performance.now() > deadline) {
          throw new Error(`${this.label} does not listen on ${formatAddress(address)}`, {
            cause: error,
          });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  cpuTime(): CpuTime {
    return treeCpuTime(this.pid);
  }

  /**
   * Memory in bytes of the process and its descendants. `Anonymous` excludes the program's own file,
   * `Rss` counts it once per process.
   */
  memory(kind: "Anonymous" | "Rss"): number {
    const pids = [this.pid, ...descendants(this.pid)];
    return pids.reduce((sum, pid) => sum + memoryOf(pid, kind), 0);
  }

  /** Open descriptors of the process and its descendants. */
  descriptorCount(): number {
    return [this.pid, ...descendants(this.pid)].reduce(
      (sum, pid) => sum + descriptorCountOf(pid),
      0,
    );
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /**
   * Sends TERM, then KILL to it and its children if it has not ended within five seconds. Returns
   * what it has written to standard error.
   */
  async stop(): Promise<string> {
    if (!running.delete(this)) return await this.#stderr;
    const below = descendants(this.pid);
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      for (const pid of [this.pid, ...below]) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch (error) {
          // It has already ended.
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    }, 5000);
    await this.#child.status;
    clearTimeout(timer);
    return await this.#stderr;
  }
}

/** A client's output and its CPU time from start to end. */
export interface ClientRun {
  readonly output: string;
  readonly cpu: CpuTime;
}

/** A client that ended with another exit code than 0. */
export class ClientFailure extends Error {
  readonly code: number;
  /** What it wrote to standard error. */
  readonly said: string;

  constructor(message: string, code: number, said: string) {
    super(message);
    this.code = code;
    this.said = said;
  }
}

/** Runs a client pinned to one core. Throws ClientFailure when it fails. */
export async function runPinned(
  core: number,
  path: string,
  args: readonly string[],
): Promise<ClientRun> {
  // bash reports its children's CPU time in milliseconds, /proc only in hundredths of a second.
  const script = 'TIMEFORMAT="cpu %3U %3S"; time "$@"';
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", "taskset", "-c", String(core), path, ...args],
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr);
  const time = said.match(/cpu ([\d.]+) ([\d.]+)\s*$/);
  if (code !== 0 || time === null) {
    const own = said.replace(/cpu [\d.]+ [\d.]+\s*$/, "").trim();
    const command = `${path} ${args.join(" ")}`;
    throw new ClientFailure(
      `${command} ended with ${code}: ${(own || output).slice(0, 300)}`,
      code,
      own,
    );
  }
  return { output, cpu: { userUs: Number(time[1]) * 1e6, systemUs: Number(time[2]) * 1e6 } };
}

/**
 * User and system time of a process and its descendants. Their sum is exact, apart from children that
 * have ended; the user time is known to a tick.
 */
function treeCpuTime(pid: number): CpuTime {
  let userUs = 0;
  let totalUs = 0;
  for (const each of [pid, ...descendants(pid)]) {
    const fields = statFields(each);
    const ownUs = processCpuUs(each);
    if (fields === null || ownUs === null) continue;
    // Fields 14 to 17 of proc(5): own time, and that of children that have ended.
    const [user, , childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
    userUs += (user + childrenUser) * tickUs;
    totalUs += ownUs + (childrenUser + childrenSystem) * tickUs;
  }
  return { userUs, systemUs: totalUs - userUs };
}

/** One field of /proc/PID/smaps_rollup; 0 when the process has ended. */
export function memoryOf(pid: number, field: "Anonymous" | "Rss"): number {
  const text = ofProcess(() => Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`)) ?? "";
  const line = text.split("\n").find((each) => each.startsWith(`${field}:`));
  return Number(line?.match(/(\d+) kB/)?.[1] ?? 0) * 1024;
}

/** Open descriptors of one process; 0 when it has ended. */
export function descriptorCountOf(pid: number): number {
  return ofProcess(() => [...Deno.readDirSync(`/proc/${pid}/fd`)].length) ?? 0;
}

/** The fields of /proc/PID/stat after the program's name; null when the process has ended. */
function statFields(pid: number): string[] | null {
  const stat = ofProcess(() => Deno.readTextFileSync(`/proc/${pid}/stat`));
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The result of a `read` below /proc/PID; null when the process has ended. */
function ofProcess<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    // ESRCH: it ended between open and read. Deno gives the number, but not always the code.
    if (error instanceof Error && error.message.includes("(os error 3)")) return null;
    throw error;
  }
}

function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(Number(name));
    if (fields !== null) parents.set(Number(name), Number(fields[1]));
  }
  const found = [pid];
  for (const parent of found) {
    for (const [child, itsParent] of parents) if (itsParent === parent) found.push(child);
  }
  return found.slice(1);
}
