/** One thread's share of a run: its connections, scheduling, and end of run. */
import type { Reactor, TickHandler } from "../../net/reactor.ts";
import { ValueSource } from "../request/value_source.ts";
import { ConnectionQueue } from "./pacing/connection_queue.ts";
import { DelayQueue } from "./pacing/delay_queue.ts";
import type { FailureKind } from "../plan/failure.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Farewell } from "./farewell.ts";
import { GroupState } from "./group_state.ts";
import { type Lane, type LaneMaker, Phase, type Reopening } from "./lane.ts";
import { makeConnections } from "./load_connection.ts";
import { PaceWatch, watchedSleepMs } from "./pacing/pace_watch.ts";
import { Recorder, type RecorderMaker } from "./recorder.ts";
import { TextBuffer } from "../script/text_buffer.ts";
import type { ThreadScript } from "./thread_script.ts";
import type { SecureClient } from "./secure_client.ts";
import { Slot, type ThreadStats } from "../stats/thread_stats.ts";
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";
import type { ReplaySchedule } from "../replay/replay_schedule.ts";
import type { Pace } from "./pacing/pace.ts";
import { ThreadSchedule } from "./pacing/thread_schedule.ts";
import { ThreadSockets } from "./thread_sockets.ts";

/** Kernel wake-ups are late by up to this; requests must not be. */
const wakeEarlyMs = 0.1;

/** Parts that only some runs need. */
export interface ThreadParts {
  readonly script: ThreadScript | null;
  /** Needed when a group has a server name. */
  readonly secure: SecureClient | null;
  /** Makes the lanes of a run over HTTP/2, or of WebSockets; null: HTTP/1.1. */
  readonly makeLanes: LaneMaker | null;
  /** Connections that close properly after the run; null: they are just closed. */
  readonly farewell?: Farewell | null;
  /** Makes the recorder of a run whose responses are more than responses; null: the usual one. */
  readonly makeRecorder?: RecorderMaker | null;
  readonly makeReopening?: ((recorder: Recorder) => Reopening | null) | null;
  /** The requests of a log, which are its schedule, too; null: there is no log. */
  readonly replay?: ReplaySchedule | null;
}

export class LoadThread implements TickHandler, Dispatch<Lane> {
  readonly isOpenLoop: boolean;
  readonly staysAwake = true;
  isOver = false;
  readonly #plan: ThreadPlan;
  readonly #reactor: Reactor;
  readonly #recorder: Recorder;
  readonly #sockets: ThreadSockets;
  readonly #lanes: Lane[];
  readonly #farewell: Farewell | null;
  readonly #waiting: ConnectionQueue<Lane>;
  readonly #script: ThreadScript | null;
  readonly #delays = new DelayQueue<Lane>();
  /** Opens event streams again; null: what has ended is followed by the next request. */
  readonly #reopening: Reopening | null;
  readonly #schedule: Pace | null;
  readonly #replay: ReplaySchedule | null;
  /** Open loop only. */
  readonly #pace: PaceWatch | null;
  #startMs = 0;
  /** When the run ends; later once it drains. */
  #endMs = Infinity;
  /** When the last request may be sent. */
  #lastSendMs = Infinity;
  /** Nothing new is sent; responses are awaited. */
  #isDraining = false;
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
    { script, secure, makeLanes, farewell, makeRecorder, makeReopening, replay }: ThreadParts = {
      script: null,
      secure: null,
      makeLanes: null,
    },
  ) {
    this.#plan = plan;
    this.#reactor = reactor;
    this.#script = script;
    this.#remaining = plan.requestCount;
    this.#replay = replay ?? null;
    this.#schedule = this.#replay ??
      (plan.stages === null ? null : new ThreadSchedule(plan, plan.stages));
    this.isOpenLoop = this.#schedule !== null;
    this.#pace = this.#schedule === null ? null : new PaceWatch(stats.counters);
    const recording = {
      isOpenLoop: this.isOpenLoop,
      groupBy: plan.groupBy,
      observer: script?.observesResponses ? script : null,
    };
    this.#recorder = makeRecorder?.(stats, recording, reactor) ?? new Recorder(stats, recording);
    this.#reopening = makeReopening?.(this.#recorder) ?? null;
    const seed = crypto.getRandomValues(new Uint32Array(4));
    const source = new ValueSource(plan.index, plan.threadCount, seed);
    const groups = plan.groups.map((group) =>
      new GroupState(
        group,
        plan.index,
        plan.threadCount,
        plan.randomOrder,
        this.#recorder.observer !== null,
        source,
      )
    );
    const laneCount = plan.connectionGroups.length * plan.streams;
    const count = Math.min(laneCount, plan.requestCount);
    this.#sockets = new ThreadSockets(plan, reactor, secure, plan.connectionGroups.length);
    this.#farewell = farewell ?? null;
    const parts = {
      plan,
      reactor,
      sockets: this.#sockets,
      dispatch: this,
      recorder: this.#recorder,
      texts: new TextBuffer(),
    };
    this.#lanes = (makeLanes ?? makeConnections)(parts, groups, count);
    this.#waiting = new ConnectionQueue(count);
  }

  /** Runs from `startMs` (on the clock of `performance.now()`, may be in the future) to the end. */
  async run(startMs: number): Promise<ThreadOutcome> {
    this.#startMs = startMs;
    this.#recorder.measureFromMs = startMs + this.#plan.warmupMs;
    this.#endMs = this.#lastSendMs = this.#recorder.measureFromMs + this.#plan.durationMs;
    this.#isWarm = this.#plan.warmupMs === 0;
    this.#schedule?.begin(startMs);
    this.#reactor.tickHandler = this;
    if (this.#lanes.length === 0) this.stop();
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
    for (const lane of this.#lanes) {
      if (lane.intendedMs >= this.#recorder.measureFromMs) inFlight += lane.outstanding;
      lane.close();
    }
    this.#recorder.end(inFlight);
    this.#recorder.counters[Slot.scriptUs] = (this.#script?.spentMs ?? 0) * 1000;
    this.#recorder.counters[Slot.open] = open;
    this.#recorder.counters[Slot.over] = 1;
    if (this.#schedule !== null) {
      this.#closeSchedule(this.#schedule, Math.min(nowMs, this.#lastSendMs));
    }
    if (this.#farewell === null) this.#reactor.stop();
    else this.#farewell.whenDone(() => this.#reactor.stop());
  }

  onTick(nowMs: number): number {
    if (nowMs < this.#quietUntilMs) return this.#waitUntil(this.#quietUntilMs, nowMs);
    if (this.isOver) return Infinity;
    if (nowMs < this.#startMs) return this.#waitUntil(this.#startMs, nowMs);
    if (!this.#isWarm && nowMs >= this.#recorder.measureFromMs) {
      this.#isWarm = true;
      this.#recorder.endWarmup(this.#schedule?.dropWarmup() ?? 0);
    }
    if (nowMs >= this.#endMs) {
      if (this.#isDraining || this.#plan.drainMs === 0) this.stop();
      else this.#beginDrain();
      if (this.isOver) return Infinity;
    }
    if (this.#pace !== null) return this.#watchedTick(this.#pace, nowMs);
    return this.#work(nowMs);
  }

  #beginDrain(): void {
    this.#isDraining = true;
    this.#endMs += this.#plan.drainMs;
    this.#remaining = 0;
    this.#quietUntilMs = -Infinity;
    this.#endWhenDone();
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
    if (this.#openedUpTo < this.#lanes.length) this.#openMore(nowMs);
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
    return this.#schedule === null && !this.#script?.delays && this.#reopening === null &&
      this.#openedUpTo === this.#lanes.length;
  }

  /** A wait that ends shortly before `thenMs`; 0 close to it, so that the reactor does not sleep. */
  #waitUntil(thenMs: number, nowMs: number): number {
    const waitMs = thenMs - nowMs - wakeEarlyMs;
    // Waits of whole milliseconds are rounded up, so the remainder is a wait of its own.
    return waitMs < 1 ? Math.max(0, waitMs) : Math.floor(waitMs);
  }

  #openMore(nowMs: number): void {
    while (this.#openedUpTo < this.#lanes.length && !this.#sockets.areConnecting) {
      this.resume(this.#lanes[this.#openedUpTo++], nowMs);
    }
  }

  answered(lane: Lane, status: number, nowMs: number): void {
    this.#claimed--;
    this.#recorder.answered(lane, status, nowMs);
  }

  settled(lane: Lane): void {
    this.#claimed--;
    if (this.isOver) return;
    // Not sent from here, even if it is due: that would be a recursion for each message.
    this.#waiting.add(lane);
    if (this.#nextDueMs === Infinity) this.#endWhenDone();
  }

  failed(lane: Lane, kind: FailureKind, code: string, claimed: number): void {
    this.#claimed -= claimed;
    let count = claimed;
    this.#recorder.dropped(lane);
    if (claimed === 0) {
      if (this.#remaining <= 0) return;
      count = 1;
      this.#remaining--;
    }
    const atMs = claimed === 0 ? this.#reactor.readClockMs() : lane.intendedMs;
    this.#recorder.failed(kind, code, count, atMs);
    this.#endWhenDone();
  }

  parked(): void {
    this.#endWhenDone();
  }

  next(lane: Lane, nowMs: number): void {
    if (this.isOver) return;
    if (this.#schedule !== null) return this.#nextScheduled(lane, nowMs);
    if (this.#remaining <= 0) return this.#endWhenDone();
    if (this.#reopening !== null) return this.#reopen(this.#reopening, lane, nowMs);
    if (lane.phase === Phase.closed) return lane.connect(nowMs);
    if (this.#script !== null && this.#script.delays) return this.#delay(lane, nowMs);
    this.#sendNext(lane, nowMs);
  }

  #sendNext(lane: Lane, nowMs: number): void {
    this.#sendLoaded(lane, this.#load(lane, this.#remaining), nowMs);
  }

  #sendLoaded(lane: Lane, count: number, nowMs: number): void {
    if (nowMs >= this.#recorder.measureFromMs) this.#remaining -= count;
    this.#claimed += count;
    lane.send(nowMs, nowMs);
  }

  /** Gives the connection its next requests, at most `countMax`; returns how many. */
  #load(lane: Lane, countMax: number): number {
    const script = this.#script;
    if (this.#replay !== null) {
      lane.loadScripted(this.#replay.made, 1);
      return 1;
    }
    if (script === null || !script.makesRequests) {
      return lane.load(lane.group.next(), countMax);
    }
    const made = script.make();
    const count = Math.min(made.methods.length, countMax);
    lane.loadScripted(made, count);
    return count;
  }

  #delay(lane: Lane, nowMs: number): void {
    // A connection that was replaced while queued keeps its place.
    if (lane.isDelayed) return;
    const delayMs = this.#script!.delay();
    if (delayMs === 0) return this.#sendNext(lane, nowMs);
    lane.isDelayed = true;
    this.#delays.add(lane, nowMs + delayMs);
  }

  /** Opens the lane's event stream again, when it is time. */
  #reopen(reopening: Reopening, lane: Lane, nowMs: number): void {
    if (lane.isDelayed) return;
    const waitMs = reopening.waitMs(lane, nowMs);
    if (waitMs > 0) {
      lane.isDelayed = true;
      this.#delays.add(lane, nowMs + waitMs);
    } else if (lane.phase === Phase.closed) lane.connect(nowMs);
    else this.#sendLoaded(lane, reopening.load(lane), nowMs);
  }

  #endDelay(lane: Lane, nowMs: number): void {
    lane.isDelayed = false;
    if (this.isOver || this.#remaining <= 0) return this.#endWhenDone();
    const isFree = lane.phase === Phase.idle || lane.phase === Phase.closed;
    if (this.#reopening !== null && isFree) this.#reopen(this.#reopening, lane, nowMs);
    else if (lane.phase === Phase.idle) this.#sendNext(lane, nowMs);
  }

  reopen(lane: Lane, nowMs: number): void {
    if (this.isOver) return;
    const isNeeded = lane.outstanding > 0 || this.#remaining > 0;
    if (isNeeded) lane.connect(nowMs);
  }

  resume(lane: Lane, nowMs: number): void {
    if (this.isOver) return;
    if (lane.outstanding > 0 || this.#plan.requestsPerConnection > 1 || !this.isOpenLoop) {
      this.reopen(lane, nowMs);
    } else this.next(lane, nowMs);
  }

  #nextScheduled(lane: Lane, nowMs: number): void {
    if (this.#isDraining) return this.#endWhenDone();
    if (lane.phase === Phase.closed && !this.#connectsOnDemand(lane)) {
      return lane.connect(nowMs);
    }
    if (this.#nextDueMs <= nowMs) return this.#sendScheduled(lane, nowMs);
    this.#waiting.add(lane);
    if (this.#nextDueMs === Infinity) this.#endWhenDone();
  }

  /** Connects only when a request is due: one connect per request, or after a failed connect. */
  #connectsOnDemand(lane: Lane): boolean {
    return this.#plan.requestsPerConnection === 1 || lane.connectStreak > 0;
  }

  #sendDue(): void {
    const nowMs = this.#reactor.readClockMs();
    const { sendQueue } = this.#sockets;
    // Requests that are due together share a write of their connection.
    if (this.#plan.http2) sendQueue.hold();
    while (this.#nextDueMs <= nowMs && !this.#waiting.isEmpty) {
      const lane = this.#waiting.take();
      // One that was closed meanwhile reconnects and queues itself.
      const isFree = lane.phase === Phase.idle ||
        (lane.phase === Phase.closed && this.#connectsOnDemand(lane));
      if (isFree && lane.outstanding === 0) this.#sendScheduled(lane, nowMs);
    }
    if (this.#plan.http2) sendQueue.flush();
  }

  #sendScheduled(lane: Lane, nowMs: number): void {
    const intendedMs = this.#schedule!.take();
    this.#claimed += this.#load(lane, 1);
    this.#recorder.scheduled(intendedMs, nowMs);
    lane.send(nowMs, intendedMs);
  }

  #closeSchedule(schedule: Pace, nowMs: number): void {
    const measured = schedule.measuredDue(nowMs);
    this.#recorder.counters[Slot.scheduled] = measured;
    this.#recorder.counters[Slot.unsent] = measured - schedule.measuredTaken;
    if (this.#replay === null) return;
    this.#recorder.counters[Slot.bodiless] = this.#replay.bodilessCount;
    // Every thread reads the whole log.
    if (this.#plan.index === 0) this.#recorder.counters[Slot.badLines] = this.#replay.badCount;
    this.#replay.close();
  }

  get #nextDueMs(): number {
    const schedule = this.#isDraining ? null : this.#schedule;
    return schedule === null ? Infinity : schedule.nextDueMs;
  }

  #endWhenDone(): void {
    if (this.#claimed > 0 || this.isOver) return;
    const isDone = this.#schedule === null || this.#isDraining
      ? this.#remaining <= 0
      : this.#nextDueMs === Infinity && this.#endsWithSchedule;
    if (isDone) this.stop();
  }

  /** Without a number of requests the run lasts as long as was said, and a log as long as it does. */
  get #endsWithSchedule(): boolean {
    return this.#plan.requestCount !== Infinity ||
      (this.#replay !== null && this.#plan.durationMs === Infinity);
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
