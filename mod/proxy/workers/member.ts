/** A worker's side of the channel: receives the peers' state and reports counters. */
import { isResolved } from "../../config/mod.ts";
import type { Peer } from "../balance/peer.ts";
import { StartError } from "../../base/errors.ts";
import { shapeFaultOf } from "../../base/shape.ts";
import type { Logger } from "../../log/mod.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import { applyEjections, applyState, type OutlierReport } from "../balance/peer_state.ts";
import type { StatusRow } from "../health/status_page.ts";
import { type Channel, inheritedChannel } from "../../process/channel.ts";
import { sendSignal } from "../../process/signals/signals.ts";
import { masterMessage } from "./message_shapes.ts";
import {
  type CountersMessage,
  type MasterMessage,
  type OutlierMessage,
  type RowChange,
  type StateMessage,
  type WelcomeMessage,
} from "./messages.ts";

const countersIntervalMs = 250;
/** Minimum time between two reports of one server: the master looks up no more often. */
const reportIntervalMs = 1000;

export interface MemberParts {
  readonly groups: readonly PeerGroup[];
  nowMs(): number;
  /** Null: nothing has changed since the last report. */
  counters(): CountersMessage | null;
  /** The last counters could not be sent: the next report must be full. */
  recount(): void;
  /** The master is gone: drain and exit. */
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

  /** The worker's end of the channel, or null in a process without a master. */
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

  /** The master's first message. */
  get welcome(): Promise<WelcomeMessage> {
    return this.#welcome.promise;
  }

  /** Applies the master's messages from now on; resolves after the first state. */
  async attach(parts: MemberParts): Promise<void> {
    this.#parts = parts;
    const first = new Promise<void>((resolve) => this.#onFirst = resolve);
    if (this.#early !== null) this.#applyState(this.#early);
    this.#timer = setInterval(() => this.#report(), countersIntervalMs);
    await first;
  }

  /** Reports that the worker accepts connections. */
  ready(): void {
    this.#channel.send({ kind: "ready" });
  }

  /** Reports that the worker no longer accepts connections. */
  closed(): void {
    this.#channel.send({ kind: "closed" });
  }

  /** Reports an outlier; the master decides. */
  reportOutlier(report: OutlierReport): void {
    this.#channel.send({ kind: "outlier", ...report } satisfies OutlierMessage);
  }

  /** Sends the last counters and closes the channel, so that the process can exit. */
  close(): void {
    clearInterval(this.#timer);
    this.#report();
    this.#channel.close();
  }

  /** Validates a message: a master of another version may send one that this worker must ignore. */
  take(message: unknown, logger: Logger): void {
    const fault = shapeFaultOf(message, masterMessage, "it");
    if (fault === null) return this.#handle(message as MasterMessage);
    const complaint = `the master's message cannot be used: ${fault}`;
    // Without a welcome message the worker cannot start.
    if ((message as { kind?: unknown } | null)?.kind !== "state") {
      this.#welcome.reject(new StartError(complaint));
    }
    logger.error(complaint);
  }

  #handle(message: MasterMessage): void {
    if (message.kind === "welcome") this.#welcome.resolve(message);
    else if (message.kind === "rows") this.#takeRows(message.rows);
    else this.#applyState(message);
  }

  /** Ignored before the first state, which holds newer rows. */
  #takeRows(changes: readonly RowChange[]): void {
    for (const { index, isDown, rise, fall } of changes) {
      const row = this.rows[index];
      if (row !== undefined) this.rows[index] = { ...row, isDown, rise, fall };
    }
  }

  #applyState(message: StateMessage): void {
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

  /** Reports to the master, which looks names up, when a named server is unreachable. */
  #watch(upstream: string, peer: Peer): void {
    if (peer.onUnreachable !== null || isResolved(peer.plan.address)) return;
    let reportedMs = -Infinity;
    peer.onUnreachable = () => {
      const nowMs = this.#parts?.nowMs() ?? 0;
      if (nowMs < reportedMs + reportIntervalMs) return;
      reportedMs = nowMs;
      this.#channel.send({ kind: "unreachable", upstream, id: peer.index });
    };
  }

  orphan(): void {
    if (this.#parts !== null) return this.#parts.onOrphaned();
    // No client is served yet, and no master will send a state.
    sendSignal(Deno.pid, "KILL");
  }

  #report(): void {
    const parts = this.#parts;
    const counters = parts?.counters() ?? null;
    if (counters !== null && !this.#channel.send(counters)) parts!.recount();
  }
}
