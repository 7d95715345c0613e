/** One thread's share of a run: its connections, scheduling, and end of run. */
import type { Deadline } from "../../base/timer_wheel.ts";
import { ResponseHead, wordsOf } from "../../http/mod.ts";
import type { Reactor, Socket, TickHandler } from "../../net/reactor.ts";
import { AnswerGroups, type AnswerObserver } from "./answer_groups.ts";
import { ConnectionQueue } from "./connection_queue.ts";
import { DelayQueue } from "./delay_queue.ts";
import type { FailureKind } from "../plan/failure.ts";
import { FailureCounts } from "../stats/failure_counts.ts";
import { LingeringSockets } from "./lingering_sockets.ts";
import { GroupState } from "./group_state.ts";
import { LoadConnection, Phase } from "./load_connection.ts";
import { PaceWatch, watchedSleepMs } from "./pace_watch.ts";
import type { ThreadScript } from "./thread_script.ts";
import type { SecureClient } from "./secure_client.ts";
import { SendQueue } from "./send_queue.ts";
import { Sources } from "../plan/sources.ts";
import { failureSlot, Slot, type ThreadStats } from "../stats/thread_stats.ts";
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";
import { ThreadSchedule } from "./thread_schedule.ts";

/** Maximum concurrent connects, so that the start does not overflow an accept queue. */
const connectingMax = 512;
/** Kernel wake-ups are late by up to this; requests must not be. */
const wakeEarlyMs = 0.1;

/** A longer read takes long enough to justify reading the clock again. */
const briefBytesMax = 4096;

/** Parts that only some runs need. */
export interface ThreadParts {
  readonly script: ThreadScript | null;
  /** Needed when a group has a server name. */
  readonly secure: SecureClient | null;
}

export class LoadThread implements TickHandler {
  readonly plan: ThreadPlan;
  readonly reactor: Reactor;
  readonly head = new ResponseHead();
  readonly counters: Float64Array;
  readonly lingering: LingeringSockets;
  readonly sendQueue: SendQueue;
  /** Receives every response; null: not needed. */
  readonly observer: AnswerObserver | null;
  readonly #answerGroups: AnswerGroups | null;
  readonly isOpenLoop: boolean;
  readonly staysAwake = true;
  /** Requests that were intended before this belong to the warm-up. */
  measureFromMs = Infinity;
  isOver = false;
  readonly #stats: ThreadStats;
  readonly #connections: LoadConnection[] = [];
  readonly #waiting: ConnectionQueue;
  readonly #sources: Sources;
  readonly #script: ThreadScript | null;
  readonly #secure: SecureClient | null;
  readonly #delays = new DelayQueue();
  readonly #schedule: ThreadSchedule | null;
  /** Open loop only. */
  readonly #pace: PaceWatch | null;
  readonly #failures = new FailureCounts();
  #words: Int32Array = new Int32Array(0);
  #wordsOf: Uint8Array | null = null;
  #startMs = 0;
  #endMs = Infinity;
  #measuredMs = 0;
  #isWarm = false;
  /** Connections opened so far at the start, and connects in progress. */
  #openedUpTo = 0;
  /** `onTick` has nothing to do before this time. */
  #quietUntilMs = -Infinity;
  #connectingCount = 0;
  /** Requests that may still be sent, and those sent but not settled. */
  #remaining: number;
  #claimed = 0;

  constructor(
    plan: ThreadPlan,
    stats: ThreadStats,
    reactor: Reactor,
    { script, secure }: ThreadParts = { script: null, secure: null },
  ) {
    this.plan = plan;
    this.reactor = reactor;
    this.#script = script;
    this.#secure = secure;
    const listening = script?.observesResponses ? script : null;
    this.#answerGroups = plan.groupBy === null
      ? null
      : new AnswerGroups(plan.groupBy, this, listening);
    this.observer = this.#answerGroups ?? listening;
    this.#stats = stats;
    this.sendQueue = new SendQueue(reactor);
    this.counters = stats.counters;
    this.#remaining = plan.requestCount;
    this.#schedule = plan.stages === null ? null : new ThreadSchedule(plan, plan.stages);
    this.isOpenLoop = this.#schedule !== null;
    this.#pace = this.#schedule === null ? null : new PaceWatch(this.counters);
    this.#sources = new Sources(plan);
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
    for (let index = 0; index < count; index++) {
      const group = groups[plan.connectionGroups[index]];
      this.#connections.push(new LoadConnection(this, group, plan.connectionsBefore + index));
    }
    this.#waiting = new ConnectionQueue(count);
    this.lingering = new LingeringSockets(count + 64);
  }

  /** Runs from `startMs` (on the clock of `performance.now()`, may be in the future) to the end. */
  async run(startMs: number): Promise<ThreadOutcome> {
    this.#startMs = startMs;
    this.measureFromMs = startMs + this.plan.warmupMs;
    this.#endMs = this.measureFromMs + this.plan.durationMs;
    this.#isWarm = this.plan.warmupMs === 0;
    this.#schedule?.begin(startMs);
    this.reactor.tickHandler = this;
    if (this.#connections.length === 0) this.stop();
    // Stopped before the start: there is nothing to run.
    if (!this.isOver) await this.reactor.run();
    this.reactor.tickHandler = null;
    return this.#outcome();
  }

  /** Ends the run now. Requests under way are counted only as in flight. */
  stop(): void {
    if (this.isOver) return;
    const nowMs = Math.min(this.reactor.readClockMs(), this.#endMs);
    this.isOver = true;
    this.#quietUntilMs = -Infinity;
    this.#measuredMs = Math.max(0, nowMs - this.measureFromMs);
    let inFlight = 0;
    const open = this.counters[Slot.open];
    for (const connection of this.#connections) {
      if (connection.intendedMs >= this.measureFromMs) inFlight += connection.outstanding;
      connection.close();
    }
    this.counters[Slot.inFlight] = inFlight;
    this.counters[Slot.scriptUs] = (this.#script?.spentMs ?? 0) * 1000;
    this.counters[Slot.open] = open;
    if (this.#schedule !== null) this.#closeSchedule(this.#schedule, nowMs);
    this.reactor.stop();
  }

  onTick(nowMs: number): number {
    if (nowMs < this.#quietUntilMs) return this.#waitUntil(this.#quietUntilMs, nowMs);
    if (this.isOver) return Infinity;
    if (nowMs < this.#startMs) return this.#waitUntil(this.#startMs, nowMs);
    if (!this.#isWarm && nowMs >= this.measureFromMs) {
      this.#isWarm = true;
      this.#stats.clearConnections();
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
    const endMs = this.reactor.readClockMs();
    if (this.#isWarm) pace.end(endMs, schedule.overdue(endMs), endMs + waitMs);
    return waitMs;
  }

  #work(nowMs: number): number {
    if (this.#openedUpTo < this.#connections.length) this.#openMore(nowMs);
    if (this.#nextDueMs <= nowMs) this.#sendDue();
    while (this.#delays.nextMs <= nowMs) this.#endDelay(this.#delays.take(), nowMs);
    const nextMs = Math.min(
      this.#endMs,
      this.#isWarm ? Infinity : this.measureFromMs,
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
    while (this.#openedUpTo < this.#connections.length && this.#connectingCount < connectingMax) {
      this.resume(this.#connections[this.#openedUpTo++], nowMs);
    }
  }

  /** Starts a connect. */
  open(connection: LoadConnection): Socket {
    this.#connectingCount++;
    const addresses = connection.group.plan.addresses;
    const address = addresses[connection.index % addresses.length];
    const source = address.kind === "tcp" ? this.#sources.next() : undefined;
    connection.source = source;
    const options = source === undefined ? {} : { source };
    const { serverName } = connection.group.plan;
    return serverName === null
      ? this.reactor.connect(address, connection, options)
      : this.#secure!.connect(this.reactor, address, connection, serverName, options);
  }

  /**
   * Arrival time of a read of `byteCount` bytes. The reactor reads the clock once per batch of sockets;
   * a read takes about a microsecond, a longer one more.
   */
  receivedMs(byteCount: number): number {
    return byteCount <= briefBytesMax ? this.reactor.nowMs : this.reactor.readClockMs();
  }

  /** A connect has succeeded or failed. */
  connectEnded(): void {
    this.#connectingCount--;
  }

  opened(connectMs: number): void {
    this.counters[Slot.opened]++;
    this.counters[Slot.open]++;
    this.#sources.succeeded();
    this.#stats.connectTime.record(connectMs * 1000);
  }

  /** No ephemeral port was free. True when the connection should retry at once. */
  takeNextSource(connection: LoadConnection): boolean {
    return this.#sources.exhausted(connection.source, connection.group.plan.loopback);
  }

  arm(entry: Deadline, deadlineMs: number): void {
    this.reactor.wheel.arm(entry, deadlineMs);
  }

  disarm(entry: Deadline): void {
    this.reactor.wheel.disarm(entry);
  }

  /** The bytes as 32-bit words; empty when they are not word-aligned. */
  wordsOf(bytes: Uint8Array): Int32Array {
    if (this.#wordsOf === bytes) return this.#words;
    this.#wordsOf = bytes;
    return this.#words = wordsOf(bytes);
  }

  /** A complete response. */
  answered(connection: LoadConnection, status: number, nowMs: number): void {
    this.#claimed--;
    if (connection.intendedMs < this.measureFromMs) return;
    const counters = this.counters;
    counters[Slot.answered]++;
    this.#stats.statuses[status]++;
    if (status >= 400) counters[Slot.failedStatus]++;
    this.#stats.latency.record((nowMs - connection.intendedMs) * 1000);
    if (this.isOpenLoop) this.#stats.serviceTime.record((nowMs - connection.startMs) * 1000);
  }

  /** `claimed` requests have failed; 0: a connect for one has. */
  failed(connection: LoadConnection, kind: FailureKind, code: string, claimed: number): void {
    this.#claimed -= claimed;
    let count = claimed;
    if (claimed === 0) {
      if (this.#remaining <= 0) return;
      count = 1;
      this.#remaining--;
    }
    const atMs = claimed === 0 ? this.reactor.readClockMs() : connection.intendedMs;
    if (atMs >= this.measureFromMs) {
      this.counters[failureSlot(kind)] += count;
      this.#failures.add(kind, code, count);
    }
    this.#endWhenDone();
  }

  /** The connection is free, or closed: its next request, or its place in the queue. */
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
    if (nowMs >= this.measureFromMs) this.#remaining -= count;
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

  /** A connection that was closed between two requests. */
  reopen(connection: LoadConnection, nowMs: number): void {
    if (this.isOver) return;
    const isNeeded = connection.outstanding > 0 || this.#remaining > 0;
    if (isNeeded) connection.connect(nowMs);
  }

  /** A connection may start, or restart after a wait. */
  resume(connection: LoadConnection, nowMs: number): void {
    if (this.isOver) return;
    if (connection.outstanding > 0 || this.plan.requestsPerConnection > 1 || !this.isOpenLoop) {
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
    return this.plan.requestsPerConnection === 1 || connection.connectStreak > 0;
  }

  #sendDue(): void {
    const nowMs = this.reactor.readClockMs();
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
    if (intendedMs >= this.measureFromMs) {
      const lagUs = (nowMs - intendedMs) * 1000;
      this.counters[Slot.lagSumUs] += lagUs;
      if (lagUs > this.counters[Slot.lagMaxUs]) this.counters[Slot.lagMaxUs] = lagUs;
    }
    connection.send(nowMs, intendedMs);
  }

  #closeSchedule(schedule: ThreadSchedule, nowMs: number): void {
    const measured = schedule.measuredDue(nowMs);
    this.counters[Slot.scheduled] = measured;
    this.counters[Slot.unsent] = measured - schedule.measuredTaken;
  }

  get #nextDueMs(): number {
    return this.#schedule === null ? Infinity : this.#schedule.nextDueMs;
  }

  #endWhenDone(): void {
    if (this.#claimed > 0 || this.isOver) return;
    const isDone = this.#schedule === null
      ? this.#remaining <= 0
      : this.#nextDueMs === Infinity && this.plan.requestCount !== Infinity;
    if (isDone) this.stop();
  }

  #outcome(): ThreadOutcome {
    return {
      failures: this.#failures.list(this.#stats.statuses),
      measuredMs: this.#measuredMs,
      autoSources: this.#sources.autoCount,
      answerCounts: this.#answerGroups?.counts ?? null,
      variables: this.#script?.handle.collect() ?? {},
    };
  }
}
