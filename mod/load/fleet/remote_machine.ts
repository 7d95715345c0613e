/** One machine, as the coordinator sees it. */
import { exitCodes } from "../../base/errors.ts";
import type { Interval } from "../stats/result.ts";
import type { Arrival, Link } from "./wire/link.ts";
import {
  aliveEveryMs,
  dialect,
  type FromMachine,
  readFromMachine,
  silenceMaxMs,
  type ToMachine,
} from "./wire/messages.ts";
import { decodeInterval } from "./wire/result_value.ts";

/** What of a machine concerns the whole run. */
export interface MachineEvents {
  onInterval(machine: RemoteMachine, interval: Interval): void;
  /** It is lost; `machine.lost` says why. */
  onLost(machine: RemoteMachine): void;
}

type Kind = FromMachine["kind"];
type Answer<K extends Kind> = Extract<FromMachine, { readonly kind: K }>;

export class RemoteMachine {
  readonly name: string;
  /** What the machine says of itself. */
  hostName = "";
  cpuCount = 0;
  /** Its clock minus ours, in milliseconds, and by how much that may be wrong. */
  clockOffsetMs = 0;
  clockErrorMs = 0;
  /** Why it is lost, in one line; null: it is there. */
  lost: string | null = null;
  /** The exit code of what made it fail. */
  exitCode: number = exitCodes.failed;
  readonly #link: Link;
  readonly #events: MachineEvents;
  readonly #awaited = new Map<Kind, (answer: FromMachine | null) => void>();
  readonly #timer: number;
  #heardAtMs = performance.now();
  #saidAtMs = -Infinity;
  #isClosed = false;

  constructor(arrival: Arrival, events: MachineEvents) {
    this.name = arrival.name;
    this.#events = events;
    this.#link = arrival.open({
      onLine: (line) => this.#take(line),
      onEnd: (reason) => this.lose(reason),
    });
    this.#timer = setInterval(() => this.#look(performance.now()), 1000);
  }

  /** Resolves when the message is on its way. */
  async send(message: ToMachine): Promise<void> {
    this.#saidAtMs = performance.now();
    if (this.lost === null) await this.#link.send(message);
  }

  /** Sends `message`; resolves to the answer of `kind`, or to null when the machine is lost. */
  async ask<K extends Kind>(message: ToMachine, kind: K): Promise<Answer<K> | null> {
    const answer = this.answer(kind);
    await this.send(message);
    return await answer;
  }

  /** Resolves to the next message of `kind`, or to null when the machine is lost. */
  answer<K extends Kind>(kind: K): Promise<Answer<K> | null> {
    if (this.lost !== null) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#awaited.set(kind, resolve as (answer: FromMachine | null) => void);
    });
  }

  /** False when the machine is lost: it speaks another dialect, for example. */
  async greet(): Promise<boolean> {
    const hello = await this.ask({ kind: "hello", dialect }, "hello");
    if (hello === null) return false;
    this.hostName = hello.hostName;
    this.cpuCount = hello.cpuCount;
    const theirs = versionOf(hello.dialect);
    if (hello.dialect !== dialect) {
      this.lose(`it runs hayate ${theirs}, which does not fit this one (${versionOf(dialect)})`);
    }
    return this.lost === null;
  }

  /** Gives the machine up. */
  lose(reason: string): void {
    if (this.lost !== null || this.#isClosed) return;
    this.lost = reason;
    this.close();
    for (const resolve of this.#awaited.values()) resolve(null);
    this.#awaited.clear();
    this.#events.onLost(this);
  }

  /** Ends the machine. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (this.lost === null) void this.#link.send({ kind: "end" });
    this.#link.close();
  }

  #take(line: string): void {
    if (this.lost !== null) return;
    this.#heardAtMs = performance.now();
    const read = readFromMachine(line);
    if (typeof read === "string") return this.lose(`it sent what is no message: ${read}`);
    const message = read.value;
    if (message.kind === "failed") {
      this.exitCode = message.exitCode;
      return this.lose(message.message);
    }
    if (message.kind === "interval") return this.#takeInterval(message.interval);
    const resolve = this.#awaited.get(message.kind);
    this.#awaited.delete(message.kind);
    resolve?.(message);
  }

  #takeInterval(json: unknown): void {
    let interval: Interval;
    try {
      interval = decodeInterval(json);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return this.lose(`it sent no interval: ${error.message}`);
    }
    this.#events.onInterval(this, interval);
  }

  #look(nowMs: number): void {
    if (nowMs - this.#heardAtMs > silenceMaxMs) {
      return this.lose(`no word from it for ${silenceMaxMs / 1000} s`);
    }
    if (nowMs - this.#saidAtMs >= aliveEveryMs) void this.send({ kind: "alive" });
  }
}

function versionOf(text: string): string {
  return text.split(" ", 1)[0].slice(0, 40);
}
