/** A worker's side of the channel: what the master says about peers, and the counters for it. */
import { isResolved } from "../../config/mod.ts";
import type { Peer } from "../balance/peer.ts";
import { StartError } from "../../base/errors.ts";
import { shapeFaultOf } from "../../base/shape.ts";
import type { Logger } from "../../log/mod.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { StatusRow } from "../health/status_page.ts";
import { type Channel, inheritedChannel } from "../../process/channel.ts";
import { sendSignal } from "../../process/signals.ts";
import { masterMessage } from "./message_shapes.ts";
import {
  applyEjections,
  applyState,
  type CountersMessage,
  type MasterMessage,
  type OutlierMessage,
  type RowChange,
  type StateMessage,
  type WelcomeMessage,
} from "./messages.ts";

const countersIntervalMs = 250;
/** The master asks for a name no more often. */
const tellAgainMs = 1000;

export interface MemberParts {
  readonly groups: readonly PeerGroup[];
  nowMs(): number;
  /** Null: nothing has changed since the last ones. */
  counters(): CountersMessage | null;
  /** The last counters were not sent: the next ones are whole. */
  recount(): void;
  /** The master is gone: finish and end. */
  onOrphaned(): void;
}

export class WorkerMember {
  rows: StatusRow[] = [];
  #parts: MemberParts | null = null;
  readonly #channel: Channel;
  #early: StateMessage | null = null;
  #timer = 0;
  #onFirst: () => void = () => {};
  readonly #welcome = Promise.withResolvers<WelcomeMessage>();

  private constructor(open: (member: WorkerMember) => Channel) {
    this.#channel = open(this);
  }

  /** The worker's end, or null in a process that has no master. */
  static join(logger: Logger): WorkerMember | null {
    let member: WorkerMember | null = null;
    const channel = inheritedChannel({
      onMessage: (message) => member?.take(message, logger),
      onEnd: (fault) => {
        if (fault !== "") logger.error(`the master broke the channel: ${fault}`);
        member?.orphan();
      },
    });
    if (channel === null) return null;
    member = new WorkerMember(() => channel);
    return member;
  }

  /** What the master says first. */
  get welcome(): Promise<WelcomeMessage> {
    return this.#welcome.promise;
  }

  /** Applies what the master says from now on; resolves once it has said something. */
  async attach(parts: MemberParts): Promise<void> {
    this.#parts = parts;
    const first = new Promise<void>((resolve) => this.#onFirst = resolve);
    if (this.#early !== null) this.#obey(this.#early);
    this.#timer = setInterval(() => this.#report(), countersIntervalMs);
    await first;
  }

  /** The worker accepts. */
  ready(): void {
    this.#channel.send({ kind: "ready" });
  }

  /** The worker accepts no more. */
  closed(): void {
    this.#channel.send({ kind: "closed" });
  }

  /** Leaves the decision about an outlier to the master. */
  tell(message: OutlierMessage): void {
    this.#channel.send(message);
  }

  /** Sends the last counters and lets the process end. */
  close(): void {
    clearInterval(this.#timer);
    this.#report();
    this.#channel.close();
  }

  /** A master of another version may say what this one does not understand: that is not obeyed. */
  take(message: unknown, logger: Logger): void {
    const fault = shapeFaultOf(message, masterMessage, "it");
    if (fault === null) return this.hear(message as MasterMessage);
    const complaint = `the master's message cannot be used: ${fault}`;
    // Without the first one there is nothing to serve.
    if ((message as { kind?: unknown } | null)?.kind !== "state") {
      this.#welcome.reject(new StartError(complaint));
    }
    logger.error(complaint);
  }

  hear(message: MasterMessage): void {
    if (message.kind === "welcome") this.#welcome.resolve(message);
    else if (message.kind === "rows") this.#takeRows(message.rows);
    else this.#obey(message);
  }

  /** Before the first state there are none; what it holds is younger. */
  #takeRows(changes: readonly RowChange[]): void {
    for (const { index, isDown, rise, fall } of changes) {
      const row = this.rows[index];
      if (row !== undefined) this.rows[index] = { ...row, isDown, rise, fall };
    }
  }

  #obey(message: StateMessage): void {
    const parts = this.#parts;
    if (parts === null) {
      this.#early = message;
      return;
    }
    this.rows = [...message.rows];
    for (const { name, peers } of message.upstreams) {
      const group = parts.groups.find((one) => one.plan.name === name);
      if (group === undefined) continue;
      applyState(group, peers, parts.nowMs());
      for (const peer of group.peers) this.#watch(name, peer);
    }
    applyEjections(parts.groups, message.ejections, parts.nowMs());
    this.#report();
    this.#channel.send({ kind: "applied", version: message.version });
    this.#onFirst();
  }

  /** The master looks names up; it is told when a server cannot be reached where it was. */
  #watch(upstream: string, peer: Peer): void {
    if (peer.onUnreachable !== null || isResolved(peer.plan.address)) return;
    let toldMs = -Infinity;
    peer.onUnreachable = () => {
      const nowMs = this.#parts?.nowMs() ?? 0;
      if (nowMs < toldMs + tellAgainMs) return;
      toldMs = nowMs;
      this.#channel.send({ kind: "unreachable", upstream, id: peer.index });
    };
  }

  orphan(): void {
    if (this.#parts !== null) return this.#parts.onOrphaned();
    // Nobody is served yet, and nobody would say what to serve.
    sendSignal(Deno.pid, "KILL");
  }

  #report(): void {
    const parts = this.#parts;
    const counters = parts?.counters() ?? null;
    if (counters !== null && !this.#channel.send(counters)) parts!.recount();
  }
}
