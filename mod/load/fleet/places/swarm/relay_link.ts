/** The relay of a Swarm, as the coordinator sees it, and its ways to the tasks. */
import { exitCodes, StartError } from "../../../../base/errors.ts";
import type { Link, LinkHandler } from "../../wire/link.ts";
import { aliveEveryMs, dialect } from "../../wire/messages.ts";
import { type FromRelay, readFromRelay, type ToRelay } from "../../wire/relay_messages.ts";
import { ChildLink } from "../child_link.ts";
import { isHint } from "./docker.ts";
import { taskName } from "./tasks.ts";

export type Listening = Extract<FromRelay, { kind: "listening" }>;

/** A task that has come. */
export interface RelayedTask {
  /** The engine's identifier. */
  readonly id: string;
  readonly name: string;
  open(handler: LinkHandler): Link;
  /** Sends it away. */
  refuse(): void;
}

export interface RelayEvents {
  onTask(task: RelayedTask): void;
  /** The relay has ended, and with it every link. */
  onEnd(reason: string): void;
}

export class RelayLink {
  readonly #link: ChildLink;
  readonly #events: RelayEvents;
  readonly #tasks = new Map<number, TaskLink>();
  readonly #begun: Promise<Listening | StartError>;
  #begin: (outcome: Listening | StartError) => void = () => {};
  readonly #timer: number;

  /** Starts `command`, which leads to the relay's standard input and output. */
  constructor(command: readonly string[], events: RelayEvents) {
    this.#events = events;
    this.#begun = new Promise((resolve) => this.#begin = resolve);
    this.#link = new ChildLink(command, () => {}, isHint).listen({
      onLine: (line) => this.#take(line),
      onEnd: (reason) => this.#end(reason),
    });
    this.#timer = setInterval(() => this.say({ kind: "alive" }), aliveEveryMs);
  }

  /** Lets tasks in that know `token`. Throws `StartError` when the relay does not start. */
  async open(token: string, tasksMax: number): Promise<Listening> {
    this.say({ kind: "open", token, tasksMax });
    const outcome = await this.#begun;
    if (outcome instanceof StartError) throw outcome;
    return outcome;
  }

  say(message: ToRelay): void {
    void this.#link.send(message);
  }

  /** Resolves when the relay has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#begin(new StartError("interrupted"));
    for (const task of this.#tasks.values()) task.drop();
    this.#link.close();
    await this.#link.ended;
  }

  #take(line: string): void {
    const read = readFromRelay(line);
    if (typeof read === "string") return this.#end(`it sent what is no message: ${read}`);
    const message = read.value;
    if (message.kind === "listening") return this.#greet(message);
    if (message.kind === "came") return this.#meet(message);
    const task = this.#tasks.get(message.task);
    if (message.kind === "line") task?.take(message.line);
    else if (message.kind === "taken") task?.taken();
    else {
      this.#tasks.delete(message.task);
      task?.end(message.reason);
    }
  }

  #greet(message: Listening): void {
    if (message.dialect === dialect) return this.#begin(message);
    const theirs = message.dialect.split(" ", 1)[0].slice(0, 40);
    this.#end(`it runs hayate ${theirs}, which does not fit this one`);
  }

  #meet({ task: number, who }: Extract<FromRelay, { kind: "came" }>): void {
    const link = new TaskLink(number, this);
    this.#tasks.set(number, link);
    this.#events.onTask({
      id: who.id,
      name: taskName(who.slot, who.node),
      open: (handler) => link.listen(handler),
      refuse: () => link.close(),
    });
  }

  #end(reason: string): void {
    this.#begin(
      new StartError(`the relay of the tasks does not start: ${reason}`, exitCodes.failed),
    );
    for (const task of this.#tasks.values()) task.end(`the relay is lost: ${reason}`);
    this.#tasks.clear();
    this.#events.onEnd(reason);
  }
}

class TaskLink implements Link {
  readonly #number: number;
  readonly #relay: RelayLink;
  /** Of the lines that the relay has not taken yet, the oldest first. */
  readonly #waiting: (() => void)[] = [];
  #handler: LinkHandler | null = null;
  #endReason: string | null = null;
  #isClosed = false;

  constructor(number: number, relay: RelayLink) {
    this.#number = number;
    this.#relay = relay;
  }

  listen(handler: LinkHandler): this {
    this.#handler = handler;
    const reason = this.#endReason;
    if (reason !== null) queueMicrotask(() => this.#tellEnd(reason));
    return this;
  }

  send(message: unknown): Promise<void> {
    if (this.#endReason !== null || this.#isClosed) return Promise.resolve();
    this.#relay.say({ kind: "line", task: this.#number, line: JSON.stringify(message) });
    return new Promise((taken) => void this.#waiting.push(taken));
  }

  close(): void {
    if (this.#isClosed) return;
    this.drop();
    this.#relay.say({ kind: "drop", task: this.#number });
  }

  /** A task speaks only when it is spoken to, so that there is a handler. */
  take(line: string): void {
    if (!this.#isClosed) this.#handler?.onLine(line);
  }

  taken(): void {
    this.#waiting.shift()?.();
  }

  end(reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    for (const taken of this.#waiting.splice(0)) taken();
    this.#tellEnd(reason);
  }

  /** No more of it is heard. */
  drop(): void {
    this.#isClosed = true;
    for (const taken of this.#waiting.splice(0)) taken();
  }

  #tellEnd(reason: string): void {
    if (!this.#isClosed) this.#handler?.onEnd(reason);
  }
}
