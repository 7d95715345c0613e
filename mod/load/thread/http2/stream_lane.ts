/** One of the streams that an HTTP/2 connection has at once: its requests, one after the other. */
import { Deadline } from "../../../base/timer_wheel.ts";
import { type ResponseHead } from "../../../http/mod.ts";
import { ErrorCode, Stream } from "../../../http2/mod.ts";
import type { FailureKind } from "../../plan/failure.ts";
import { isIdempotent } from "../../plan/idempotent.ts";
import type { VaryingRequest } from "../../request/varying_request.ts";
import { restAfter } from "../connect_rest.ts";
import type { GroupState } from "../group_state.ts";
import { type Lane, type LaneParts, Phase } from "../lane.ts";
import type { MadeRequests } from "../../script/made_requests.ts";
import type { ConnectionPlace } from "./connection_place.ts";
import type { StreamConnection } from "./stream_connection.ts";
import type { StreamRequest } from "./stream_request.ts";

/** A request that so many GOAWAYs in a row have turned away has failed. */
const movesMax = 16;
const noBytes = new Uint8Array(0);

/** The stream of a lane's current request. */
export class LaneStream extends Stream {
  readonly lane: StreamLane;

  constructor(lane: StreamLane) {
    super();
    this.lane = lane;
  }
}

export class StreamLane extends Deadline implements Lane {
  readonly group: GroupState;
  readonly place: ConnectionPlace;
  readonly stream: LaneStream;
  phase: Phase = Phase.closed;
  outstanding = 0;
  intendedMs = 0;
  startMs = 0;
  firstByteMs = 0;
  isQueued = false;
  isDelayed = false;
  connectStreak = 0;
  /** The connection that it waits for, or is on; null while it is closed or rests. */
  connection: StreamConnection | null = null;
  /** The request waits for the current callbacks to finish. */
  isUnsent = false;
  /** The body of the request, and the offsets of its next byte and of its end. */
  bodyBytes: Uint8Array = noBytes;
  bodyAt = 0;
  bodyEnd = 0;
  status = 0;
  /** A head has arrived. */
  hasBegun = false;
  readonly #parts: LaneParts;
  /** Requests that were loaded together, and which of them is sent or answered next. */
  #requests: readonly StreamRequest[] = [];
  #position = 0;
  /** Of what varies in the request that was loaded. */
  #values = new Float64Array(0);
  /** The request was sent before, on a connection that ended without an answer. */
  #isRetry = false;
  /** Times that a GOAWAY turned the request away unprocessed. */
  #moveCount = 0;

  constructor(parts: LaneParts, place: ConnectionPlace) {
    super();
    this.#parts = parts;
    this.place = place;
    this.group = place.group;
    this.stream = new LaneStream(this);
  }

  /** The request that is sent or answered next. */
  get request(): StreamRequest {
    return this.#requests[this.#position];
  }

  connect(nowMs: number): void {
    this.phase = Phase.connecting;
    this.place.join(this, nowMs);
  }

  load(index: number, countMax: number): number {
    return this.#load(this.place.requests.planned(index), countMax);
  }

  loadScripted(made: MadeRequests, count: number): void {
    this.#load(this.place.requests.scripted(made), count);
  }

  #load(requests: readonly StreamRequest[], countMax: number): number {
    this.#requests = requests;
    this.#position = 0;
    this.#isRetry = false;
    this.#moveCount = 0;
    // They stay when the request is sent again.
    if (requests[0].varying !== null) this.#draw(requests[0].varying);
    return this.outstanding = Math.min(requests.length, countMax);
  }

  #draw(varying: VaryingRequest): void {
    if (this.#values.length < varying.valueCount) {
      this.#values = new Float64Array(varying.valueCount);
    }
    varying.draw(this.#values);
  }

  send(nowMs: number, intendedMs: number): void {
    this.intendedMs = intendedMs;
    this.startMs = nowMs;
    if (this.phase === Phase.idle) this.#enqueue(nowMs);
    else if (this.phase === Phase.closed) this.connect(nowMs);
  }

  #enqueue(nowMs: number): void {
    this.phase = Phase.busy;
    this.hasBegun = false;
    this.#parts.sockets.arm(this, nowMs + this.#parts.plan.timeoutMs);
    this.connection!.enqueue(this, nowMs);
  }

  /** The connection carries a request of this lane from now on. */
  admitted(nowMs: number): void {
    this.phase = Phase.idle;
    this.connectStreak = 0;
    if (this.outstanding === 0) return this.#parts.dispatch.next(this, nowMs);
    this.startMs = nowMs;
    if (!this.#parts.dispatch.isOpenLoop && !this.#isAgain) this.intendedMs = nowMs;
    this.#enqueue(nowMs);
  }

  /** The request was sent before: its time began then. */
  get #isAgain(): boolean {
    return this.#isRetry || this.#moveCount > 0;
  }

  /** The request is sent now. */
  begin(nowMs: number): void {
    const { recorder, dispatch } = this.#parts;
    this.isUnsent = false;
    this.startMs = nowMs;
    this.#beginBody(this.request);
    if (!recorder.isMeasured(this.intendedMs)) return;
    // A closed loop's request begins when it is sent; a warm-up request remains one.
    if (!dispatch.isOpenLoop && !this.#isAgain) this.intendedMs = nowMs;
    if (this.#moveCount === 0) recorder.sent(1);
  }

  #beginBody(request: StreamRequest): void {
    const { varying } = request;
    if (varying === null) {
      this.bodyBytes = request.bytes;
      this.bodyAt = request.bodyStart;
      this.bodyEnd = request.bodyEnd;
      return;
    }
    varying.render(this.#values);
    this.bodyBytes = varying.bytes;
    this.bodyAt = varying.offsetOf(varying.plan.body);
    this.bodyEnd = varying.length;
  }

  /** The rest of the body is sent later: the bytes of one that varies are another's then. */
  keepBody(): void {
    if (this.request.varying === null || this.bodyAt === this.bodyEnd) return;
    this.bodyBytes = this.bodyBytes.slice(0, this.bodyEnd);
  }

  /** A head, interim ones included. */
  takeHead(head: ResponseHead): void {
    const { observer } = this.#parts.recorder;
    if (!this.hasBegun) this.firstByteMs = this.connection!.nowMs;
    this.hasBegun = true;
    this.status = head.status;
    if (observer !== null) observer.takeHead(this, head);
  }

  takeBody(bytes: Uint8Array, start: number, end: number): void {
    const { observer } = this.#parts.recorder;
    if (observer !== null) observer.takeBody(this, bytes, start, end);
  }

  /** The response is complete. */
  complete(nowMs: number): void {
    // During an upload the server may answer early; the rest of the body has no use then.
    if (!this.stream.localClosed) this.connection!.cancel(this, ErrorCode.cancel);
    this.connection!.servedCount++;
    this.outstanding--;
    this.#parts.dispatch.answered(this, this.status, nowMs);
    if (!this.#parts.dispatch.isOver) this.#continue(nowMs);
  }

  /** The request has failed. */
  fail(kind: FailureKind, code: string, nowMs: number): void {
    this.outstanding--;
    this.#parts.dispatch.failed(this, kind, code, 1);
    if (!this.#parts.dispatch.isOver) this.#continue(nowMs);
  }

  /** The next request of those that were loaded together, or the next one of the run. */
  #continue(nowMs: number): void {
    this.#isRetry = false;
    this.#moveCount = 0;
    if (this.outstanding > 0) {
      this.#position++;
      this.intendedMs = nowMs;
    }
    this.connection!.release(this, nowMs);
    this.#resume(nowMs);
  }

  /** Its connection has released it. */
  #resume(nowMs: number): void {
    const { dispatch } = this.#parts;
    // A request that is sent again goes before the lanes that have none: it may have its turn already.
    if (dispatch.isOver || this.phase === Phase.busy) return;
    if (this.phase === Phase.parked) return this.outstanding === 0 ? dispatch.parked() : undefined;
    if (this.outstanding === 0) return this.#parts.dispatch.next(this, nowMs);
    if (this.phase === Phase.idle) this.#enqueue(nowMs);
    else this.connect(nowMs);
  }

  /** The lane leaves its connection. What was loaded and not answered is sent on the next one. */
  leave(nowMs: number): void {
    this.detach();
    if (this.#parts.dispatch.isOver) return;
    if (this.outstanding > 0) this.connect(nowMs);
    else this.#parts.dispatch.resume(this, nowMs);
  }

  /** Forgets its connection. */
  detach(): void {
    this.phase = Phase.closed;
    this.connection = null;
    this.isUnsent = false;
  }

  /** A GOAWAY has turned the request away: the server did not process it (RFC 9113 6.8). */
  move(nowMs: number): void {
    if (++this.#moveCount > movesMax) return this.fail("streamRefused", "GOAWAY", nowMs);
    this.connection!.release(this, nowMs);
    this.#resume(nowMs);
  }

  /** The server has reset the stream. */
  reset(code: string, isRefused: boolean, nowMs: number): void {
    if (!isRefused) return this.fail("streamReset", code, nowMs);
    // Not processed (RFC 9113 8.7), so that any method may be repeated.
    if (!this.#parts.plan.retry || this.#isRetry) return this.fail("streamRefused", code, nowMs);
    this.#countRetried();
    this.connection!.release(this, nowMs);
    this.#resume(nowMs);
  }

  /** The connection has ended, before the response if `hasBegun` is false. */
  lost(kind: FailureKind, code: string, nowMs: number): void {
    const mayRetry = kind === "read" && this.#parts.plan.retry && !this.#isRetry &&
      !this.hasBegun && this.connection!.servedCount > 0 && isIdempotent(this.request.method);
    if (!mayRetry) {
      return this.fail(kind === "read" ? this.#kindOfLoss(code) : kind, code, nowMs);
    }
    this.#countRetried();
    this.leave(nowMs);
  }

  #kindOfLoss(code: string): FailureKind {
    if (this.hasBegun) return code === "EEOF" ? "truncated" : "read";
    return this.bodyAt < this.bodyEnd && code !== "EEOF" ? "write" : "read";
  }

  #countRetried(): void {
    this.#isRetry = true;
    this.#parts.recorder.retried(this.intendedMs, 1);
  }

  /** Its connection could not be made. `counts`: it is the one lane that reports an idle connect. */
  connectFailed(kind: FailureKind, code: string, counts: boolean, nowMs: number): void {
    const { dispatch } = this.#parts;
    const claimed = this.outstanding;
    this.detach();
    this.outstanding = 0;
    this.connectStreak++;
    // An open loop follows its schedule regardless of failures: the next due request reconnects.
    if (dispatch.isOpenLoop) {
      if (claimed > 0) dispatch.failed(this, kind, code, claimed);
      return dispatch.next(this, nowMs);
    }
    if (claimed > 0 || counts) dispatch.failed(this, kind, code, claimed);
    if (!dispatch.isOver) this.rest(nowMs, restAfter(this.connectStreak));
  }

  /** Waits before it reconnects. */
  rest(nowMs: number, restMs: number): void {
    this.detach();
    this.phase = Phase.resting;
    this.#parts.sockets.arm(this, nowMs + restMs);
  }

  override onDeadline(nowMs: number): void {
    if (this.phase === Phase.resting) {
      this.phase = Phase.closed;
      this.#parts.dispatch.resume(this, nowMs);
    } else if (this.phase === Phase.busy) {
      const { connection, startMs } = this;
      connection!.nowMs = nowMs;
      connection!.cancel(this, ErrorCode.cancel);
      if (!this.isUnsent) connection!.checkSilence(startMs, nowMs);
      this.isUnsent = false;
      this.fail("timeout", "ETIMEDOUT", nowMs);
    }
  }

  giveUp(kind: FailureKind, code: string, nowMs: number): void {
    if (this.phase !== Phase.busy) return;
    const connection = this.connection!;
    connection.nowMs = nowMs;
    connection.cancel(this, ErrorCode.cancel);
    this.fail(kind, code, nowMs);
  }

  close(): void {
    const { connection } = this;
    this.#parts.sockets.disarm(this);
    this.detach();
    connection?.close();
  }
}
