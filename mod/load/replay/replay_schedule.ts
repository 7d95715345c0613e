/** When the requests of a log are due, and their bytes: one thread's share of them. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { Method, methodOf } from "../../http/method.ts";
import type { ReplayPlan } from "../plan/thread_plan.ts";
import { LogCursor } from "./log_cursor.ts";

/** A request of the log, as a connection loads it. */
export interface ReplayedRequest {
  readonly text: null;
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
  readonly methods: readonly Method[];
  readonly closes: undefined;
  readonly isKept: false;
}

/** Where the thread is among those of the run, and what the run's times are. */
export interface ReplayPlace {
  readonly index: number;
  readonly threadCount: number;
  readonly warmupMs: number;
  readonly requestCount: number;
}

/** Such requests had a body, which a log does not keep. */
const methodsWithBody = new Set<Method>([Method.post, Method.put, Method.patch]);
const version = new TextEncoder().encode(" HTTP/1.1\r\n");

export class ReplaySchedule {
  nextDueMs = Infinity;
  /** The request that was taken last. */
  made: ReplayedRequest = {
    text: null,
    bytes: version,
    ends: new Int32Array(0),
    methods: [],
    closes: undefined,
    isKept: false,
  };
  /** Of this thread's requests, those that had a body. */
  bodilessCount = 0;
  readonly #plan: ReplayPlan;
  readonly #place: ReplayPlace;
  /** What is sent, and ahead of it what counts the lines of each time. */
  readonly #cursor: LogCursor;
  readonly #ahead: LogCursor;
  #hasAhead: boolean;
  #firstMs = 0;
  #startMs = 0;
  #measureFromMs = 0;
  /** Requests with the time of the current one: all of them, and those before it. */
  #groupMs = -Infinity;
  #groupCount = 0;
  #groupAt = 0;
  #measuredTaken = 0;

  /** Throws `StartError` when the log cannot be read, or has no request. */
  constructor(plan: ReplayPlan, place: ReplayPlace) {
    this.#plan = plan;
    this.#place = place;
    this.#cursor = new LogCursor(plan.path);
    this.#ahead = new LogCursor(plan.path);
    this.#hasAhead = this.#ahead.next();
    if (this.#hasAhead) return;
    this.close();
    throw new StartError(`${plan.path}: no line of an access log in it`, exitCodes.failed);
  }

  begin(startMs: number): void {
    this.#firstMs = this.#ahead.timeMs;
    this.#startMs = startMs;
    this.#measureFromMs = startMs + this.#place.warmupMs;
    this.#advance();
  }

  /** Takes the next request; returns when it was due. */
  take(): number {
    const dueMs = this.nextDueMs;
    this.made = this.#make();
    if (dueMs >= this.#measureFromMs) this.#measuredTaken++;
    this.#advance();
    return dueMs;
  }

  /** Drops what the warm-up did not send; returns how much that is. */
  dropWarmup(): number {
    let dropped = 0;
    for (; this.nextDueMs < this.#measureFromMs; this.#advance()) dropped++;
    return dropped;
  }

  /** Requests that were due until `nowMs`, after the warm-up. Passes those that were not sent. */
  measuredDue(nowMs: number): number {
    let count = this.#measuredTaken;
    for (; this.nextDueMs <= nowMs; this.#advance()) count++;
    return count;
  }

  /** About as many of the current time are due and not taken. */
  overdue(nowMs: number): number {
    if (this.nextDueMs > nowMs) return 0;
    const { speed } = this.#plan, { threadCount } = this.#place;
    const left = Math.max(1, this.#groupCount - this.#groupAt);
    const eachMs = this.#cursor.line.stepMs / speed / this.#groupCount;
    return Math.min(left, 1 + (nowMs - this.nextDueMs) / eachMs) / threadCount;
  }

  get measuredTaken(): number {
    return this.#measuredTaken;
  }

  /** Lines read so far that are no requests. */
  get badCount(): number {
    return this.#cursor.unreadable;
  }

  close(): void {
    this.#cursor.close();
    this.#ahead.close();
  }

  /** Goes to this thread's next request. */
  #advance(): void {
    const cursor = this.#cursor, { index, threadCount, requestCount } = this.#place;
    this.nextDueMs = Infinity;
    if (this.#measuredTaken >= requestCount) return;
    do {
      if (!cursor.next()) return;
      if (cursor.timeMs !== this.#groupMs) this.#beginGroup(cursor.timeMs);
      else this.#groupAt++;
    } while ((cursor.count - 1) % threadCount !== index);
    // Those of one second are spread over it: the log does not say when they were.
    const withinMs = cursor.line.stepMs * this.#groupAt / this.#groupCount;
    const elapsedMs = this.#groupMs - this.#firstMs + withinMs;
    this.nextDueMs = this.#startMs + elapsedMs / this.#plan.speed;
  }

  /** Counts the requests of this time, up to the first one of a later time. */
  #beginGroup(timeMs: number): void {
    this.#groupMs = timeMs;
    this.#groupAt = 0;
    this.#groupCount = 0;
    while (this.#hasAhead && this.#ahead.timeMs === timeMs) {
      this.#groupCount++;
      this.#hasAhead = this.#ahead.next();
    }
  }

  #make(): ReplayedRequest {
    const { bytes, methodStart, methodEnd, targetStart, targetEnd } = this.#cursor.line;
    const method = methodOf(bytes, methodStart, methodEnd);
    const hadBody = methodsWithBody.has(method);
    if (hadBody) this.bodilessCount++;
    const tail = hadBody ? this.#plan.fieldsOfEmpty : this.#plan.fields;
    const lineLength = methodEnd - methodStart + 1 + targetEnd - targetStart;
    const made = new Uint8Array(lineLength + version.length + tail.length);
    let at = 0;
    for (let from = methodStart; from < methodEnd; from++) made[at++] = bytes[from];
    made[at++] = 0x20;
    for (let from = targetStart; from < targetEnd; from++) made[at++] = bytes[from];
    made.set(version, lineLength);
    made.set(tail, lineLength + version.length);
    const ends = Int32Array.of(made.length);
    return { text: null, bytes: made, ends, methods: [method], closes: undefined, isKept: false };
  }
}
