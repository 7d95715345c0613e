/** The docker command line: what a run asks of it, and what it has made there. */
import { exitCodes, StartError } from "../../../../base/errors.ts";
import { delay } from "../../../../std/async.ts";
import { type CommandResult, runCommand } from "../command.ts";
import { endTasksArgs, runLabel, type SwarmRun, tasksArgs } from "./arguments.ts";
import { type FoundRun, isLeft, readFound, removalOf } from "./leftovers.ts";
import { readTasks, type Task } from "./tasks.ts";

type Kind = "network" | "secret" | "service";

/** The engine knows for a while that tasks which have ended use the network. */
const removeMaxMs = 30_000;
const removePauseMs = 500;
/** Tasks that have ended on a node that is down are listed for a day. */
const forgetMaxMs = 5000;

export class Docker {
  /** How docker is called; DOCKER_HOST, DOCKER_CONTEXT and its configuration say which engine. */
  readonly words: readonly string[] = ["docker"];
  readonly #say: (line: string) => void;
  readonly #made = new Set<Kind>();
  readonly #cancelled = new AbortController();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Ends the command that runs; later ones fail, but for those that remove. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** Throws `StartError` where there is no docker, no engine, or no manager of a Swarm. */
  async expectManager(): Promise<void> {
    const { code, reason } = await this.#try(["node", "ls", "--quiet"]);
    if (code !== 0) throw new StartError(`--on swarm: ${reason}`, exitCodes.failed);
  }

  /** Throws `StartError` when the engine neither has the image nor can pull it. */
  async ensureImage(image: string): Promise<void> {
    const found = await this.#try(["image", "inspect", "--format", "{{.Id}}", image]);
    if (found.code === 0) return;
    const { code, reason } = await this.#try(["pull", "--quiet", image]);
    if (code === 0) return;
    throw new StartError(`the image ${image} (--image): ${reason}`, exitCodes.failed);
  }

  /** Makes an object that `remove` removes. Throws `StartError`. */
  async make(kind: Kind, args: readonly string[], input = ""): Promise<void> {
    if (this.#cancelled.signal.aborted) throw new StartError("interrupted", exitCodes.failed);
    // Set before, and not cancelled: a command that fails or is ended may have had its effect.
    this.#made.add(kind);
    const { code, reason } = await this.#run(args, input);
    if (code !== 0) {
      throw new StartError(`docker ${kind} create: ${reason}`, exitCodes.failed);
    }
  }

  /** What the command prints. Throws `StartError`. */
  async ask(args: readonly string[]): Promise<string> {
    const { code, stdout, reason } = await this.#try(args);
    if (code === 0) return stdout;
    throw new StartError(`docker ${args[0]}: ${reason}`, exitCodes.failed);
  }

  /** The tasks of a service; none where docker does not answer. */
  async tasks(service: string): Promise<readonly Task[]> {
    const { code, stdout } = await this.#try(tasksArgs(service));
    return code === 0 ? readTasks(stdout) ?? [] : [];
  }

  /** Says what runs that were killed have left, and how to remove it. */
  async tellLeftovers(): Promise<void> {
    const kinds: readonly Kind[] = ["service", "secret", "network"];
    const lists = await Promise.all(
      kinds.map(async (kind) => [kind, await this.#list(kind)] as const),
    );
    for (const run of readFound(new Map(lists))) {
      const tasks = run.kinds.includes("service") ? await this.tasks(run.name) : [];
      if (isLeft(run, tasks, Date.now())) this.#tellLeft(run, "an earlier run that was killed");
    }
  }

  /** Removes what was made, and says what could not be. */
  async remove({ name, startedAtMs }: SwarmRun): Promise<void> {
    if (this.#made.has("service")) await this.#endTasks(name);
    const left: Kind[] = [];
    let lastReason = "";
    for (const kind of ["service", "secret", "network"] as const) {
      if (!this.#made.has(kind)) continue;
      const reason = await this.#removeOne(kind, name);
      if (reason === null) continue;
      left.push(kind);
      lastReason = reason;
    }
    if (left.length > 0) this.#tellLeft({ name, startedAtMs, kinds: left }, lastReason);
  }

  /** Waits until the nodes have removed the containers, which would keep the network. */
  async #endTasks(service: string): Promise<void> {
    await this.#run(endTasksArgs(service));
    const startMs = performance.now();
    for (;;) {
      const { stdout } = await this.#run(tasksArgs(service));
      const tasks = readTasks(stdout) ?? [];
      const maxMs = tasks.every(({ hasEnded }) => hasEnded) ? forgetMaxMs : removeMaxMs;
      if (tasks.length === 0 || performance.now() - startMs > maxMs) return;
      await delay(removePauseMs);
    }
  }

  /** null, or why it is still there. */
  async #removeOne(kind: Kind, name: string): Promise<string | null> {
    const deadlineMs = performance.now() + removeMaxMs;
    for (;;) {
      const { code, reason } = await this.#run([kind, "rm", name]);
      if (code === 0 || /not found|no such/i.test(reason)) return null;
      const isBusy = / in use|active endpoints|being used/.test(reason);
      if (!isBusy || performance.now() > deadlineMs) return reason;
      await delay(removePauseMs);
    }
  }

  #tellLeft(run: FoundRun, reason: string): void {
    this.#say(`${run.name} is left in the Swarm (${reason}); to remove it: ${removalOf(run)}`);
  }

  async #list(kind: Kind): Promise<string> {
    // Lists of services know no labels; nor is the time needed: the tasks tell.
    const format = kind === "service" ? "{{.Name}}" : `{{.Name}} {{.Label "${runLabel}"}}`;
    const args = [kind, "ls", "--filter", `label=${runLabel}`, "--format", format];
    const { code, stdout } = await this.#try(args);
    return code === 0 ? stdout : "";
  }

  /** What docker says of a failure is in its first line, before its usage. */
  async #run(args: readonly string[], input = "", signal: AbortSignal | null = null) {
    const result = await runCommand([...this.words, ...args], input, signal);
    const first = result.errors.find((line) => !line.startsWith("WARNING"));
    return { ...result, reason: plain(first ?? result.reason) };
  }

  /** Until `cancel`. */
  #try(args: readonly string[]): Promise<CommandResult> {
    return this.#run(args, "", this.#cancelled.signal);
  }
}

/** Whether docker only says where to read on, behind an error. */
export function isHint(line: string): boolean {
  return /^(?:Run|See) '.*--help'/.test(line);
}

/** The engine's own words. */
function plain(reason: string): string {
  return reason.replace(
    /^(?:docker: )?Error response from daemon: (?:rpc error: code = \w+ desc = )?/,
    "",
  );
}
