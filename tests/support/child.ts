/** A child process under test: captures its output, waits for a line or a socket, ends it by pid. */
import type { Address } from "../../mod/base/address.ts";
import { formatAddress } from "../../mod/base/address.ts";
import { connectTo, rawExchange } from "./raw_socket.ts";

/** How a child is started. */
export interface ChildOptions {
  readonly env?: Record<string, string>;
  /** True: the child's environment is only `env`. Without it root's hayate gets HAYATE_USER=root. */
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** How long `stop` waits after TERM before it kills. Default 30 s. */
  readonly stopTimeoutMs?: number;
  /** Timeout of the `wait...` methods. Default 30 s: a busy machine is slow. */
  readonly waitTimeoutMs?: number;
}

/** The exit status and output of a child. */
export interface ChildResult {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running child. `await using` stops it; a child that has to be killed fails the test. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** Settles when the process has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  #ended: Deno.CommandStatus | null = null;
  readonly #label: string;
  readonly #options: ChildOptions;
  readonly #process: Deno.ChildProcess;
  readonly #output = { stdout: "", stderr: "" };
  readonly #pumps: Promise<void>[];

  constructor(program: string, args: readonly string[], options: ChildOptions = {}) {
    this.#label = [program.slice(program.lastIndexOf("/") + 1), ...args].join(" ");
    this.#options = options;
    this.#process = new Deno.Command(program, {
      args: [...args],
      env: {
        NO_COLOR: "1",
        ...(staysRoot([program, ...args]) && !options.clearEnv ? { HAYATE_USER: "root" } : {}),
        ...options.env,
      },
      clearEnv: options.clearEnv ?? false,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    this.status = this.#process.status.then((status) => this.#ended = status);
    this.#pumps = [
      this.#pump("stdout", this.#process.stdout),
      this.#pump("stderr", this.#process.stderr),
    ];
  }

  /** Everything printed so far. */
  get stdout(): string {
    return this.#output.stdout;
  }
  get stderr(): string {
    return this.#output.stderr;
  }
  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  /** Waits for the first match of `pattern` in either stream and returns it. */
  async waitForLine(pattern: RegExp | string): Promise<string> {
    return await this.#waitFor(`the line ${pattern}`, () => {
      for (const text of [this.#output.stdout, this.#output.stderr]) {
        if (typeof pattern === "string" ? text.includes(pattern) : pattern.test(text)) {
          return typeof pattern === "string" ? pattern : text.match(pattern)![0];
        }
      }
      return null;
    });
  }

  /** Waits until `address` accepts a connection. */
  async waitForSocket(address: Address): Promise<void> {
    await this.#waitFor(`a listener at ${formatAddress(address)}`, async () => {
      const socket = await connectTo(address).catch(() => null);
      socket?.close();
      return socket;
    });
  }

  /** Waits until HTTP is answered at `address`: a supervisor listens before its worker is ready. */
  async waitForAnswer(address: Address): Promise<void> {
    await this.waitForSocket(address);
    await this.#waitFor(`an answer at ${formatAddress(address)}`, async () => {
      const head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      return await rawExchange(address, head).catch(() => "") || null;
    });
  }

  /** Waits until `check` returns something other than null. */
  async waitUntil<T>(what: string, check: () => T | null | Promise<T | null>): Promise<T> {
    return await this.#waitFor(what, check);
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for the child to exit by itself. */
  async result(): Promise<ChildResult> {
    const status = await withTimeout(this.status, this.#options.waitTimeoutMs ?? 60_000);
    if (status === null) {
      await this.killTree();
      throw this.#failure("did not end by itself in time and was killed");
    }
    return await this.#finish(status);
  }

  /** Ends the child with `signal` and waits. Throws when it had to be killed. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ChildResult> {
    if (this.#ended === null) {
      // It may exit between the check and the signal.
      if (!trySignal(this.pid, signal)) await this.status;
      const limitMs = this.#options.stopTimeoutMs ?? 30_000;
      if (await withTimeout(this.status, limitMs) === null) {
        await this.killTree();
        throw this.#failure(`was still running ${limitMs} ms after ${signal} and was killed`);
      }
    }
    return await this.#finish(await this.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #finish(status: Deno.CommandStatus): Promise<ChildResult> {
    // A grandchild that outlives the child would hold the pipes open forever.
    if (await withTimeout(Promise.all(this.#pumps), 5000) === null) {
      throw this.#failure("has ended, but a process that it started still holds its output");
    }
    return { code: status.code, signal: status.signal, ...this.#output };
  }

  /** Kills the child and all its descendants, for a child that no longer reacts to signals. */
  async killTree(): Promise<void> {
    // Listed before the kill: afterwards their parent is no longer known.
    const pids = [...descendantPids(this.pid), this.pid];
    for (const pid of pids) trySignal(pid, "SIGKILL");
    await this.status;
    await withTimeout(Promise.all(this.#pumps), 2000);
  }

  async #pump(name: "stdout" | "stderr", stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.#output[name] += decoder.decode(bytes, { stream: true });
    }
  }

  async #waitFor<T>(what: string, check: () => T | null | Promise<T | null>): Promise<T> {
    const deadline = performance.now() + (this.#options.waitTimeoutMs ?? 30_000);
    while (true) {
      const endedBefore = this.#ended !== null;
      if (endedBefore) await withTimeout(Promise.all(this.#pumps), 1000);
      const value = await check();
      if (value !== null) return value;
      if (endedBefore) throw this.#failure(`ended while the test waited for ${what}`);
      if (performance.now() > deadline) throw this.#failure(`gave no sign of ${what} in time`);
      await sleep(10);
    }
  }

  #failure(what: string): Error {
    const status = this.#ended === null ? "running" : `exit code ${this.#ended.code}`;
    const tail = (text: string) => text === "" ? "(nothing)" : text.slice(-2000).trimEnd();
    return new Error(
      `${this.#label} (pid ${this.pid}, ${status}) ${what}\n` +
        `its stdout: ${tail(this.stdout)}\nits stderr: ${tail(this.stderr)}`,
    );
  }
}

/**
 * The proxy of root runs as nobody, who cannot enter the folders of a test. Tests of that say
 * `HAYATE_USER` themselves, and those that change the user before it is started say nothing.
 */
function staysRoot(words: readonly string[]): boolean {
  const isHayate = words.some((word) => /\/(hayate|start_server)$/.test(word));
  return Deno.uid() === 0 && isHayate && !words.some((word) => /setpriv/.test(word));
}

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The value of `promise`, or null when it takes longer than `limitMs`. Clears its timer. */
export async function withTimeout<T>(promise: Promise<T>, limitMs: number): Promise<T | null> {
  let timer = 0;
  const late = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), limitMs));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends `signal`; false when the process no longer exists. */
export function trySignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    // Deno throws a TypeError for a pid that it has already reaped.
    if (isGone(error) || error instanceof TypeError) return false;
    throw error;
  }
}

/** True for errors of reading /proc/PID when the process has just ended (ENOENT, ESRCH). */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && error.message.includes("(os error 3)"));
}

/** Pids of the direct children of `pid`, from proc(5). */
export function childPids(pid: number): number[] {
  const pids: number[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    if (/^\d+$/.test(entry.name) && parentOf(entry.name) === pid) pids.push(Number(entry.name));
  }
  return pids;
}

/** Pids of every process below `pid`, deepest last. */
export function descendantPids(pid: number): number[] {
  const pids = childPids(pid);
  for (let index = 0; index < pids.length; index++) pids.push(...childPids(pids[index]));
  return pids;
}

function parentOf(pid: string): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The second field is the program's name in brackets and may contain blanks and brackets.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch (error) {
    if (!isGone(error)) throw error;
    return -1;
  }
}
