/**
 * Tasks of a Swarm's service, each of which is a machine. Docker leads to no task's input, so each
 * connects to a relay: a container on the tasks' network, whose input and output are the coordinator's.
 */
import { delay } from "../../../../std/async.ts";
import type { Absence, Arrival, LinkHandler, Machines } from "../../wire/link.ts";
import { relayFileText } from "../../wire/relay_messages.ts";
import {
  addressArgs,
  networkArgs,
  relayArgs,
  secretArgs,
  serviceArgs,
  type SwarmRun,
} from "./arguments.ts";
import { Docker } from "./docker.ts";
import { type RelayedTask, RelayLink } from "./relay_link.ts";
import { stateOf, type Task } from "./tasks.ts";
import { TaskLogs } from "./task_logs.ts";

const pollMs = 1000;
/** How long the state of a task whose connection ended may take to tell why. */
const explainMaxMs = 3000;

export interface SwarmOptions {
  readonly count: number;
  readonly image: string;
  /** The user's, for `docker service create`. */
  readonly words: readonly string[];
  /** Gets what the tasks write on stderr. */
  readonly say: (line: string) => void;
}

export class SwarmMachines implements Machines {
  readonly #options: SwarmOptions;
  readonly #run: SwarmRun;
  readonly #docker: Docker;
  readonly #absent = new Set<string>();
  /** Tasks that have connected. */
  readonly #present = new Set<string>();
  readonly #arrive: ((arrival: Arrival | Absence) => void)[] = [];
  #relay: RelayLink | null = null;
  #logs: TaskLogs | null = null;
  #making: Promise<unknown> = Promise.resolve();
  #waitingFor: string | null = null;
  #isClosed = false;

  constructor(options: SwarmOptions) {
    this.#options = options;
    const name = `hayate-load-${crypto.randomUUID().slice(0, 8)}`;
    this.#run = { name, startedAtMs: Date.now(), image: options.image };
    this.#docker = new Docker(options.say);
  }

  async gather(): Promise<readonly Promise<Arrival | Absence>[]> {
    const arrivals = Array.from(
      { length: this.#options.count },
      () => new Promise<Arrival | Absence>((resolve) => this.#arrive.push(resolve)),
    );
    const making = this.#make();
    // close() waits for it, whether it fails or not.
    this.#making = Promise.allSettled([making]);
    await making;
    void this.#poll();
    return arrivals;
  }

  waitingFor(): string | null {
    return this.#waitingFor;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#docker.cancel();
    // The making may wait for the relay, and may be about to start one.
    const relay = this.#relay?.close();
    await this.#making;
    await relay;
    await this.#logs?.close();
    await this.#docker.remove(this.#run);
  }

  /** Everything that a run needs, in the order in which one needs the other. */
  async #make(): Promise<void> {
    const { count, image, words, say } = this.#options;
    const run = this.#run;
    await this.#docker.expectManager();
    await this.#docker.tellLeftovers();
    await this.#docker.ensureImage(image);
    await this.#docker.make("network", networkArgs(run));
    if (this.#isClosed) return;
    const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
    this.#relay = new RelayLink([...this.#docker.words, ...relayArgs(run)], {
      onTask: (task) => this.#meet(task),
      onEnd: (reason) => this.#loseRelay(reason),
    });
    const { port, certificate } = await this.#relay.open(token, count);
    const host = (await this.#docker.ask(addressArgs(run))).trim();
    const file = relayFileText({ host, port, token }, certificate);
    await this.#docker.make("secret", secretArgs(run), file);
    await this.#docker.make("service", serviceArgs(run, count, words));
    this.#logs = new TaskLogs(this.#docker.words, run.name, say);
  }

  #meet(task: RelayedTask): void {
    const arrive = this.#isClosed ? undefined : this.#arrive.shift();
    // The engine has replaced a task of a lost node.
    if (arrive === undefined) return task.refuse();
    this.#present.add(task.id);
    arrive({
      name: task.name,
      open: (handler) => task.open(this.#explaining(task, handler)),
    });
  }

  /** The handler, with what the engine knows of the end of a task. */
  #explaining(task: RelayedTask, handler: LinkHandler): LinkHandler {
    return {
      onLine: (line) => handler.onLine(line),
      onEnd: async (reason) => {
        const ended = await this.#endOf(task.id);
        handler.onEnd(ended === null ? reason : `${reason}; ${stateOf(ended)}`);
      },
    };
  }

  async #endOf(id: string): Promise<Task | null> {
    const deadlineMs = performance.now() + explainMaxMs;
    while (!this.#isClosed && performance.now() < deadlineMs) {
      const task = (await this.#docker.tasks(this.#run.name)).find((each) => each.id === id);
      if (task?.hasEnded) return task;
      await delay(pollMs / 2);
    }
    return null;
  }

  #loseRelay(reason: string): void {
    const name = "a task";
    for (const arrive of this.#arrive.splice(0)) {
      arrive({ name, reason: `the relay is lost: ${reason}` });
    }
  }

  /** Finds those that will not come. */
  async #poll(): Promise<void> {
    while (!this.#isClosed && this.#arrive.length > 0) {
      for (const task of await this.#docker.tasks(this.#run.name)) this.#look(task);
      await delay(pollMs);
    }
  }

  #look(task: Task): void {
    const { id, name, hasEnded } = task;
    if (this.#present.has(id) || this.#absent.has(id)) return;
    if (!hasEnded) return void (this.#waitingFor = `${name}: ${stateOf(task)}`);
    this.#absent.add(id);
    this.#arrive.shift()?.({ name, reason: stateOf(task) });
  }
}
