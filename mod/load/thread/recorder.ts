/** Records what the connections of one thread do, and leaves the warm-up out. */
import { ResponseHead } from "../../http/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { FailureKind } from "../plan/failure.ts";
import type { FailureCount } from "../plan/thread_plan.ts";
import { FailureCounts } from "../stats/failure_counts.ts";
import { failureSlot, Slot, type ThreadStats } from "../stats/thread_stats.ts";
import { AnswerGroups, type AnswerObserver, type TimedRequest } from "./answer_groups.ts";
import { PhaseRecorder, type TimedConnection } from "./phase_recorder.ts";
import type { ReadAid } from "./response_reader.ts";

/** Which counts and observers a run needs. */
export interface RecorderOptions {
  readonly isOpenLoop: boolean;
  /** Field whose values are counted; null: none. */
  readonly groupBy: string | null;
  /** A script's `response` hook. */
  readonly observer: AnswerObserver | null;
}

/** Makes a thread's recorder. */
export type RecorderMaker = (
  stats: ThreadStats,
  options: RecorderOptions,
  reactor: Reactor,
) => Recorder;

/** Counters that do not depend on when a request was intended. */
export type EventSlot =
  | typeof Slot.lost
  | typeof Slot.closedIdle
  | typeof Slot.closedAfterResponse
  | typeof Slot.backlogFull
  | typeof Slot.portsExhausted;

export class Recorder implements ReadAid<TimedRequest> {
  /** Requests that were intended before this belong to the warm-up. */
  measureFromMs = Infinity;
  /** The head that all connections of the thread parse into. */
  readonly head = new ResponseHead();
  /** Receives every response; null: not needed. */
  readonly observer: AnswerObserver | null;
  readonly counters: Float64Array;
  readonly #stats: ThreadStats;
  readonly #isOpenLoop: boolean;
  readonly #groups: AnswerGroups | null;
  readonly #failures = new FailureCounts();
  /** null: they are not measured. */
  readonly #phases: PhaseRecorder | null;

  constructor(stats: ThreadStats, { isOpenLoop, groupBy, observer }: RecorderOptions) {
    this.#stats = stats;
    this.counters = stats.counters;
    this.#isOpenLoop = isOpenLoop;
    this.#phases = PhaseRecorder.of(stats);
    this.#groups = groupBy === null ? null : new AnswerGroups(groupBy, this, observer);
    this.observer = this.#groups ?? observer;
  }

  isMeasured(intendedMs: number): boolean {
    return intendedMs >= this.measureFromMs;
  }

  /** The warm-up is over: forgets the connections it has opened. `dropped`: requests it did not send. */
  endWarmup(dropped: number): void {
    this.#stats.clearConnections();
    this.counters[Slot.warmupUnsent] = dropped;
  }

  count(slot: EventSlot): void {
    this.counters[slot]++;
  }

  /** A connection is made at `nowMs`. */
  opened(connection: TimedConnection, nowMs: number): void {
    this.counters[Slot.opened]++;
    this.counters[Slot.open]++;
    this.#stats.connectTime.record((nowMs - connection.connectStartMs) * 1000);
    if (this.#phases !== null) this.#phases.opened(connection, nowMs);
  }

  closed(): void {
    this.counters[Slot.open]--;
  }

  /** A request of the schedule starts at `nowMs`. */
  scheduled(intendedMs: number, nowMs: number): void {
    if (intendedMs < this.measureFromMs) return;
    const lagUs = (nowMs - intendedMs) * 1000;
    this.counters[Slot.lagSumUs] += lagUs;
    if (lagUs > this.counters[Slot.lagMaxUs]) this.counters[Slot.lagMaxUs] = lagUs;
  }

  /** For requests of the measurement. */
  sent(requestCount: number): void {
    this.counters[Slot.sent] += requestCount;
  }

  wrote(intendedMs: number, byteCount: number): void {
    if (intendedMs >= this.measureFromMs) this.counters[Slot.bytesSent] += byteCount;
  }

  read(intendedMs: number, byteCount: number): void {
    if (intendedMs >= this.measureFromMs) this.counters[Slot.bytesRead] += byteCount;
  }

  retried(intendedMs: number, requestCount: number): void {
    if (intendedMs >= this.measureFromMs) this.counters[Slot.retried] += requestCount;
  }

  /** A complete response. */
  answered(request: TimedRequest, status: number, nowMs: number): void {
    if (request.intendedMs >= this.measureFromMs) {
      this.counters[Slot.answered]++;
      this.#stats.statuses[status]++;
      if (status >= 400) this.counters[Slot.failedStatus]++;
      this.#stats.latency.record((nowMs - request.intendedMs) * 1000);
      if (this.#isOpenLoop) this.#stats.serviceTime.record((nowMs - request.startMs) * 1000);
      if (this.#phases !== null) this.#phases.answered(request, nowMs);
    }
    if (this.observer !== null) this.observer.respond(request, status);
  }

  /** The lane's request under way has failed, or is lost with its connection. */
  dropped(_request: TimedRequest): void {}

  /** The run is over; `inFlight`: measured requests without a complete response. */
  end(inFlight: number): void {
    this.counters[Slot.inFlight] = inFlight;
  }

  failed(kind: FailureKind, code: string, requestCount: number, atMs: number): void {
    if (atMs < this.measureFromMs) return;
    this.counters[failureSlot(kind)] += requestCount;
    this.#failures.add(kind, code, requestCount);
  }

  /** Failures by kind and code. */
  get failures(): readonly FailureCount[] {
    return this.#failures.list(this.#stats.statuses);
  }

  /** Complete responses by the value of a field; null: not counted. */
  get answerCounts(): Readonly<Record<string, number>> | null {
    return this.#groups?.counts ?? null;
  }
}
