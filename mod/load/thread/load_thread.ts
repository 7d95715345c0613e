/** One thread's share of a run: its connections, scheduling, and end of run. */
import type { Reactor, TickHandler } from "../../net/reactor.ts";
import { ConnectionQueue } from "./connection_queue.ts";
import { DelayQueue } from "./delay_queue.ts";
import type { FailureKind } from "../plan/failure.ts";
import type { Dispatch } from "./dispatch.ts";
import { GroupState } from "./group_state.ts";
import { LoadConnection, Phase } from "./load_connection.ts";
import { PaceWatch, watchedSleepMs } from "./pace_watch.ts";
import { Recorder } from "./recorder.ts";
import type { ThreadScript } from "./thread_script.ts";
import type { SecureClient } from "./secure_client.ts";
import { Slot, type ThreadStats } from "../stats/thread_stats.ts";
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";
import { ThreadSchedule } from "./thread_schedule.ts";
import { ThreadSockets } from "./thread_sockets.ts";

/** Kernel wake-ups are late by up to this; requests must not be. */
const wakeEarlyMs = 0.1;

/** Parts that only some runs need. */
export interface ThreadParts {
  readonly script: ThreadScript | null;
  /** Needed when a group has a server name. */
  readonly secure: SecureClient | null;
}

export class LoadThread implements TickHandler, Dispatch<LoadConnection> {
  readonly isOpenLoop: boolean;
  readonly staysAwake = true;
  isOver = false;
  readonly #plan: ThreadPlan;
  readonly #reactor: Reactor;
  readonly #recorder: Recorder;
  readonly #sockets: ThreadSockets;
  readonly #connections: LoadConnection[] = [];
  readonly #waiting: ConnectionQueue<LoadConnection>;
  readonly #script: ThreadScript | null;
  readonly #delays = new DelayQueue<LoadConnection>();
  readonly #schedule: ThreadSchedule | null;
  /** Open loop only. */
  readonly #pace: PaceWatch | null;
  #startMs = 0;
  #endMs = Infinity;
  #measuredMs = 0;
  #isWarm = false;
  /** Connections opened so far at the start. */
  #openedUpTo = 0;
  /** `onTick` has nothing to do before this time. */
  #quietUntilMs = -Infinity;
  /** Requests that may still be sent, and those sent but not settled. */
  #remaining: number;
  #claimed = 0;

  constructor(
    plan: ThreadPlan,
    stats: ThreadStats,
    reactor: Reactor,
    { script, secure }: ThreadParts = { script: null, secure: null },
  ) {
    this.#plan = plan;
    this.#reactor = reactor;
    this.#script = script;
    this.#remaining = plan.requestCount;
    this.#schedule = plan.stages === null ? null : new ThreadSchedule(plan, plan.stages);
    this.isOpenLoop = this.#schedule !== null;
    this.#pace = this.#schedule === null ? null : new PaceWatch(stats.counters);
    this.#recorder = new Recorder(stats, {
      isOpenLoop: this.isOpenLoop,
      groupBy: plan.groupBy,
      observer: script?.observesResponses ? script : null,
    });
    const groups = plan.groups.map((group) =>
      new GroupState(
        group,
        plan.index,
        plan.threadCount,
        plan.randomOrder,
        script !== null || plan.groupBy !== null,
      )
    );
    const count = Math.min(plan.connectionGroups.length, plan.requestCount);
    this.#sockets = new ThreadSockets(plan, reactor, secure, count);
    const parts = { plan, sockets: this.#sockets, dispatch: this, recorder: this.#recorder };
    for (let index = 0; index < count; index++) {
      const group = groups[plan.connectionGroups[index]];
      this.#connections.push(new LoadConnection(parts, group, plan.connectionsBefore + index));
    }
    this.#waiting = new ConnectionQueue(count);
  }

  /** Runs from `startMs` (on the clock of `performance.now()`, may be in the future) to the end. */
  async run(startMs: number): Promise<ThreadOutcome> {
    this.#startMs = startMs;
    this.#recorder.measureFromMs = startMs + this.#plan.warmupMs;
    this.#endMs = this.#recorder.measureFromMs + this.#plan.durationMs;
    this.#isWarm = this.#plan.warmupMs === 0;
    this.#schedule?.begin(startMs);
    this.#reactor.tickHandler = this;
    if (this.#connections.length === 0) this.stop();
    // Stopped before the start: there is nothing to run.
    if (!this.isOver) await this.#reactor.run();
    this.#reactor.tickHandler = null;
    return this.#outcome();
  }

  /** Ends the run now. Requests under way are counted only as in flight. */
  stop(): void {
    if (this.isOver) return;
    const nowMs = Math.min(this.#reactor.readClockMs(), this.#endMs);
    this.isOver = true;
    this.#quietUntilMs = -Infinity;
    this.#measuredMs = Math.max(0, nowMs - this.#recorder.measureFromMs);
    let inFlight = 0;
    const open = this.#recorder.counters[Slot.open];
    for (const connection of this.#connections) {
      if (connection.intendedMs >= this.#recorder.measureFromMs) inFlight += connection.outstanding;
      connection.close();
    }
    this.#recorder.counters[Slot.inFlight] = inFlight;
    this.#recorder.counters[Slot.scriptUs] = (this.#script?.spentMs ?? 0) * 1000;
    this.#recorder.counters[Slot.open] = open;
    if (this.#schedule !== null) this.#closeSchedule(this.#schedule, nowMs);
    this.#reactor.stop();
  }

  onTick(nowMs: number): number {
    if (nowMs < this.#quietUntilMs) return this.#waitUntil(this.#quietUntilMs, nowMs);
    if (this.isOver) return Infinity;
    if (nowMs < this.#startMs) return this.#waitUntil(this.#startMs, nowMs);
    if (!this.#isWarm && nowMs >= this.#recorder.measureFromMs) {
      this.#isWarm = true;
      this.#recorder.endWarmup();
    }
    if (nowMs >= this.#endMs) {
      this.stop();
      return Infinity;
    }
    if (this.#pace !== null) return this.#watchedTick(this.#pace, nowMs);
    return this.#work(nowMs);
  }

  /** A tick of an open loop, with a lateness sample before and after it. */
  #watchedTick(pace: PaceWatch, nowMs: number): number {
    const schedule = this.#schedule!;
    if (this.#isWarm) pace.begin(nowMs, schedule.overdue(nowMs), !this.#waiting.isEmpty);
    const waitMs = Math.min(this.#work(nowMs), watchedSleepMs);
    const endMs = this.#reactor.readClockMs();
    if (this.#isWarm) pace.end(endMs, schedule.overdue(endMs), endMs + waitMs);
    return waitMs;
  }

  #work(nowMs: number): number {
    if (this.#openedUpTo < this.#connections.length) this.#openMore(nowMs);
    if (this.#nextDueMs <= nowMs) this.#sendDue();
    while (this.#delays.nextMs <= nowMs) this.#endDelay(this.#delays.take(), nowMs);
    const nextMs = Math.min(
      this.#endMs,
      this.#isWarm ? Infinity : this.#recorder.measureFromMs,
      this.#delays.nextMs,
    );
    if (this.#canBeQuiet) this.#quietUntilMs = nextMs;
    return this.#waitUntil(
      this.#waiting.isEmpty ? nextMs : Math.min(nextMs, this.#nextDueMs),
      nowMs,
    );
  }

  /** Whether only timeouts and the end of the run need `onTick`: no schedule, script delay or pending connect does. */
  get #canBeQuiet(): boolean {
    return this.#schedule === null && this.#script === null &&
      this.#openedUpTo === this.#connections.length;
  }

  /** A wait that ends shortly before `thenMs`; 0 close to it, so that the reactor does not sleep. */
  #waitUntil(thenMs: number, nowMs: number): number {
    const waitMs = thenMs - nowMs - wakeEarlyMs;
    // Waits of whole milliseconds are rounded up, so the remainder is a wait of its own.
    return waitMs < 1 ? Math.max(0, waitMs) : Math.floor(waitMs);
  }

  #openMore(nowMs: number): void {
    while (this.#openedUpTo < this.#connections.length && !this.#sockets.areConnecting) {
      this.resume(this.#connections[this.#openedUpTo++], nowMs);
    }
  }

  answered(connection: LoadConnection, status: number, nowMs: number): void {
    this.#claimed--;
    this.#recorder.answered(connection, status, nowMs);
  }

  failed(connection: LoadConnection, kind: FailureKind, code: string, claimed: number): void {
    this.#claimed -= claimed;
    let count = claimed;
    if (claimed === 0) {
      if (this.#remaining <= 0) return;
      count = 1;
      this.#remaining--;
    }
    const atMs = claimed === 0 ? this.#reactor.readClockMs() : connection.intendedMs;
    this.#recorder.failed(kind, code, count, atMs);
    this.#endWhenDone();
  }

  next(connection: LoadConnection, nowMs: number): void {
    if (this.isOver) return;
    if (this.#schedule !== null) return this.#nextScheduled(connection, nowMs);
    if (this.#remaining <= 0) return this.#endWhenDone();
    if (connection.phase === Phase.closed) return connection.connect(nowMs);
    if (this.#script !== null && this.#script.delays) return this.#delay(connection, nowMs);
    this.#sendNext(connection, nowMs);
  }

  #sendNext(connection: LoadConnection, nowMs: number): void {
    const count = this.#load(connection, this.#remaining);
    if (nowMs >= this.#recorder.measureFromMs) this.#remaining -= count;
    this.#claimed += count;
    connection.send(nowMs, nowMs);
  }

  /** Gives the connection its next requests, at most `countMax`; returns how many. */
  #load(connection: LoadConnection, countMax: number): number {
    const script = this.#script;
    if (script === null || !script.makesRequests) {
      return connection.load(connection.group.next(), countMax);
    }
    script.make();
    const count = Math.min(script.ends.length, countMax);
    connection.loadScripted(script, count);
    return count;
  }

  #delay(connection: LoadConnection, nowMs: number): void {
    // A connection that was replaced while queued keeps its place.
    if (connection.isDelayed) return;
    const delayMs = this.#script!.delay();
    if (delayMs === 0) return this.#sendNext(connection, nowMs);
    connection.isDelayed = true;
    this.#delays.add(connection, nowMs + delayMs);
  }

  #endDelay(connection: LoadConnection, nowMs: number): void {
    connection.isDelayed = false;
    if (this.isOver || this.#remaining <= 0) return this.#endWhenDone();
    if (connection.phase === Phase.idle) this.#sendNext(connection, nowMs);
  }

  reopen(connection: LoadConnection, nowMs: number): void {
    if (this.isOver) return;
    const isNeeded = connection.outstanding > 0 || this.#remaining > 0;
    if (isNeeded) connection.connect(nowMs);
  }

  resume(connection: LoadConnection, nowMs: number): void {
    if (this.isOver) return;
    if (connection.outstanding > 0 || this.#plan.requestsPerConnection > 1 || !this.isOpenLoop) {
      this.reopen(connection, nowMs);
    } else this.next(connection, nowMs);
  }

  #nextScheduled(connection: LoadConnection, nowMs: number): void {
    if (connection.phase === Phase.closed && !this.#connectsOnDemand(connection)) {
      return connection.connect(nowMs);
    }
    if (this.#nextDueMs <= nowMs) return this.#sendScheduled(connection, nowMs);
    this.#waiting.add(connection);
    if (this.#nextDueMs === Infinity) this.#endWhenDone();
  }

  /** Connects only when a request is due: one connect per request, or after a failed connect. */
  #connectsOnDemand(connection: LoadConnection): boolean {
    return this.#plan.requestsPerConnection === 1 || connection.connectStreak > 0;
  }

  #sendDue(): void {
    const nowMs = this.#reactor.readClockMs();
    while (this.#nextDueMs <= nowMs && !this.#waiting.isEmpty) {
      const connection = this.#waiting.take();
      // One that was closed meanwhile reconnects and queues itself.
      const isFree = connection.phase === Phase.idle ||
        (connection.phase === Phase.closed && this.#connectsOnDemand(connection));
      if (isFree && connection.outstanding === 0) this.#sendScheduled(connection, nowMs);
    }
  }

  #sendScheduled(connection: LoadConnection, nowMs: number): void {
    const intendedMs = this.#schedule!.take();
    this.#claimed += this.#load(connection, 1);
    this.#recorder.scheduled(intendedMs, nowMs);
    connection.send(nowMs, intendedMs);
  }

  #closeSchedule(schedule: ThreadSchedule, nowMs: number): void {
    const measured = schedule.measuredDue(nowMs);
    this.#recorder.counters[Slot.scheduled] = measured;
    this.#recorder.counters[Slot.unsent] = measured - schedule.measuredTaken;
  }

  get #nextDueMs(): number {
    return this.#schedule === null ? Infinity : this.#schedule.nextDueMs;
  }

  #endWhenDone(): void {
    if (this.#claimed > 0 || this.isOver) return;
    const isDone = this.#schedule === null
      ? this.#remaining <= 0
      : this.#nextDueMs === Infinity && this.#plan.requestCount !== Infinity;
    if (isDone) this.stop();
  }

  #outcome(): ThreadOutcome {
    return {
      failures: [...this.#recorder.failures],
      measuredMs: this.#measuredMs,
      autoSources: this.#sockets.autoSourceCount,
      answerCounts: this.#recorder.answerCounts,
      variables: this.#script?.handle.collect() ?? {},
    };
  }
}
