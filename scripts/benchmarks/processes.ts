/** Pinned child processes, and the CPU time that they use. */
import { type Address, formatAddress } from "../../mod/base/address.ts";

/** CPU time of a process and everything below it, in microseconds. */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** USER_HZ, which is 100 on every Linux that Deno runs on (proc(5)). */
const tickUs = 10_000;

/** What runs now, so that nothing stays behind when the benchmark is interrupted. */
const running = new Set<PinnedProcess>();

export async function stopEverything(): Promise<void> {
  await Promise.all([...running].map((process) => process.stop()));
}

/** A server that runs on one core until `stop`. */
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
      env: { ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#stderr = new Response(this.#child.stderr).text();
    this.#child.status.then(() => this.#hasEnded = true);
    running.add(this);
  }

  /** Waits until it accepts connections; throws with what it said when it ends before. */
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
          const said = (await this.#stderr).trim().split("\n").slice(0, 3).join("; ");
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

  /** TERM, and KILL to it and its children when that is not heard within five seconds. */
  async stop(): Promise<void> {
    if (!running.delete(this)) return;
    const below = descendants(this.pid);
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      for (const pid of [this.pid, ...below]) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch (error) {
          // It has ended meanwhile.
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    }, 5000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#stderr;
  }
}

/** What a client said, and how much of a core it used while it ran. */
export interface ClientRun {
  readonly output: string;
  /** CPU time per second of the steady part. */
  readonly cpuPerSecond: CpuTime;
}

/** The part of a run in which the client's CPU is counted: neither its start nor its last report. */
const steadyPart = { from: 0.25, to: 0.95 } as const;

/**
 * Runs a client of `seconds` seconds on one core to its end. Throws when it fails.
 *
 * A client's CPU is taken from the steady part of the run, so that the cost of starting it, which
 * the user pays once, does not weigh more in a short run than in a long one.
 */
export async function runPinned(
  core: number,
  path: string,
  args: readonly string[],
  seconds: number,
): Promise<ClientRun> {
  const child = new Deno.Command("taskset", {
    args: ["-c", String(core), path, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ended = child.output();
  const startMs = performance.now();
  await sleepUntil(startMs + seconds * 1000 * steadyPart.from);
  const [fromMs, from] = [performance.now(), treeCpuTime(child.pid)];
  await sleepUntil(startMs + seconds * 1000 * steadyPart.to);
  const [toMs, to] = [performance.now(), treeCpuTime(child.pid)];
  const { code, stdout, stderr } = await ended;
  const output = new TextDecoder().decode(stdout);
  if (code !== 0) {
    const said = new TextDecoder().decode(stderr) + output;
    throw new Error(`${path} ${args.join(" ")} ended with ${code}: ${said.slice(0, 300)}`);
  }
  const perSecond = 1000 / (toMs - fromMs);
  return {
    output,
    cpuPerSecond: {
      userUs: (to.userUs - from.userUs) * perSecond,
      systemUs: (to.systemUs - from.systemUs) * perSecond,
    },
  };
}

function sleepUntil(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, timeMs - performance.now()));
}

/** User and system time of a process and everything below it. */
function treeCpuTime(pid: number): CpuTime {
  let userTicks = 0;
  let systemTicks = 0;
  for (const each of [pid, ...descendants(pid)]) {
    const fields = statFields(each);
    // Fields 14 to 17 of proc(5): own time, and that of children that have ended.
    if (fields === null) continue;
    userTicks += Number(fields[11]) + Number(fields[13]);
    systemTicks += Number(fields[12]) + Number(fields[14]);
  }
  return { userUs: userTicks * tickUs, systemUs: systemTicks * tickUs };
}

/** The fields of /proc/PID/stat behind the program's name; null when the process has ended. */
function statFields(pid: number): string[] | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    // ESRCH: it ended between open and read.
    if ((error as { code?: string }).code === "ESRCH") return null;
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
