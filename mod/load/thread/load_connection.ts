/** One connection of the load generator: connects, sends, reads, and reconnects when necessary. */
import type { PeerError } from "../../base/errors.ts";
import { Deadline } from "../../base/timer_wheel.ts";
import { Method } from "../../http/mod.ts";
import { describeFault } from "../../http1/mod.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";
import type { FailureKind } from "../plan/failure.ts";
import { isIdempotent } from "../plan/idempotent.ts";
import type { ThreadPlan } from "../plan/thread_plan.ts";
import { connectFailureKind } from "./proxy/connect_failure.ts";
import { restAfter } from "./connect_rest.ts";
import { FailedConnects } from "./failed_connects.ts";
import type { TimedRequest } from "./answer_groups.ts";
import type { Dispatch } from "./dispatch.ts";
import type { GroupState } from "./group_state.ts";
import { type Lane, type LaneParts, Phase } from "./lane.ts";
import type { Recorder } from "./recorder.ts";
import { ResponseReader } from "./response_reader.ts";
import type { ResponseTemplate } from "./response_template.ts";
import type { VaryingRequest } from "../request/varying_request.ts";
import type { MadeRequests } from "../script/made_requests.ts";
import type { TextBuffer } from "../script/text_buffer.ts";
import { renderBatch } from "./varying_batch.ts";
import type { Sender } from "./send_queue.ts";
import type { Connecting, ThreadSockets } from "./thread_sockets.ts";
import { Slot } from "../stats/thread_stats.ts";

/** One HTTP/1.1 connection for each lane. */
export function makeConnections(
  parts: LaneParts,
  groups: readonly GroupState[],
  count: number,
): LoadConnection[] {
  const { connectionGroups, connectionsBefore } = parts.plan;
  return Array.from(
    { length: count },
    (_, index) =>
      new LoadConnection(parts, groups[connectionGroups[index]], connectionsBefore + index),
  );
}

export class LoadConnection extends Deadline implements SocketHandler, Connecting, Sender, Lane {
  readonly group: GroupState;
  /** Number of this connection in the whole run. */
  readonly index: number;
  phase: Phase = Phase.closed;
  /** Requests sent or queued for sending, without a complete response. */
  outstanding = 0;
  /** When the request should have been sent, on the clock of `performance.now()`. */
  intendedMs = 0;
  /** When it was sent. */
  startMs = 0;
  /** When the first byte of the response arrived. */
  firstByteMs = 0;
  /** In the queue of connections waiting for the schedule. */
  isQueued = false;
  /** Delayed by its script. */
  isDelayed = false;
  /** Local address of the socket; set when we chose it. */
  source: string | undefined = undefined;
  connectStartMs = 0;
  transportMs = 0;
  awaitsProxy = false;
  /** Consecutive failed connects. */
  connectStreak = 0;
  /** Index in the group of the request that is answered next. */
  requestIndex = 0;
  readonly #plan: ThreadPlan;
  readonly #sockets: ThreadSockets;
  readonly #dispatch: Dispatch<Lane>;
  readonly #recorder: Recorder;
  readonly #texts: TextBuffer;
  #socket: Socket | null = null;
  #batch: Uint8Array = noBytes;
  /** What varies in the request that was loaded, and its values; null: it is sent as it is. */
  #varying: VaryingRequest | null = null;
  #values = new Float64Array(0);
  /** The request as a script made it; null: it is in the batch. */
  #text: string | null = null;
  #written = 0;
  /** End offsets of the requests of the batch, and which of them is answered next. */
  #ends: Int32Array = noEnds;
  #position = 0;
  /**
   * The part of the batch sent on this connection, when it may not carry all of it: the number of
   * requests awaiting a response here, and the end offset of the last one.
   */
  #portionCount = 0;
  #portionEnd = 0;
  /** Methods of a script's requests; null: those of the group. */
  #methods: readonly Method[] | null = null;
  /** Which requests of the batch end their connection; undefined: none does. */
  #closes: readonly boolean[] | undefined = undefined;
  /** Responses after which this connection ends. */
  #servedMax = Infinity;
  /** Responses on this socket. */
  #servedCount = 0;
  /** The batch has already been sent on another connection, which closed without an answer. */
  #isRetry = false;
  /** The batch waits for the current callbacks to finish; `sendNow` follows. */
  #isUnsent = false;
  readonly #failedConnects = new FailedConnects();
  #peerEnded = false;
  readonly #reader = new ResponseReader<TimedRequest>(this);

  constructor(parts: LaneParts, group: GroupState, index: number) {
    super();
    this.#plan = parts.plan;
    this.#sockets = parts.sockets;
    this.#dispatch = parts.dispatch;
    this.#recorder = parts.recorder;
    this.#texts = parts.texts;
    this.group = group;
    this.index = index;
  }

  get isOpen(): boolean {
    return this.phase === Phase.idle || this.phase === Phase.busy;
  }

  /** The connection carries another request, or can reconnect to do so. */
  connect(nowMs: number): void {
    this.phase = Phase.connecting;
    this.connectStartMs = nowMs;
    this.#servedCount = 0;
    this.#peerEnded = false;
    this.#written = 0;
    this.#sockets.arm(this, nowMs + this.#plan.timeoutMs);
    this.#socket = this.#sockets.connect(this);
  }

  /** Loads a batch: requests `index` and following of the group. Returns how many they are. */
  load(index: number, countMax: number): number {
    const { ends, batches } = this.group.plan;
    const count = Math.min(ends[index].length, countMax);
    this.requestIndex = index;
    this.#closes = this.group.plan.closes;
    this.#load(batches[index], ends[index], count);
    if (this.group.varies) this.#draw(index);
    return count;
  }

  /** The values are drawn now, and stay when the request is sent again. */
  #draw(index: number): void {
    this.#varying = null;
    if (this.outstanding > 1) {
      // A pipelined batch has bytes of its own: others use those of its requests before it is sent.
      const batch = renderBatch(this.group, index, this.outstanding);
      this.#batch = batch.bytes;
      this.#ends = batch.ends;
      return;
    }
    const varying = this.#varying = this.group.varying(index);
    if (varying === null) return;
    if (this.#values.length < varying.valueCount) {
      this.#values = new Float64Array(varying.valueCount);
    }
    varying.draw(this.#values);
  }

  /** Loads the first `count` requests that a script has made. */
  loadScripted(made: MadeRequests, count: number): void {
    this.#methods = made.methods;
    this.#closes = made.closes;
    this.#text = made.text;
    if (made.text === null) this.#load(made.bytes, made.ends, count);
    else this.#load(noBytes, oneUnknownEnd, 1);
  }

  #load(bytes: Uint8Array, ends: Int32Array, count: number): void {
    this.#batch = bytes;
    this.#ends = ends;
    this.#position = 0;
    this.outstanding = count;
    this.#isRetry = false;
  }

  /** Sends what was loaded, connecting first when there is no connection. */
  send(nowMs: number, intendedMs: number): void {
    this.intendedMs = intendedMs;
    this.startMs = nowMs;
    if (this.phase === Phase.idle) this.#write(nowMs);
    else if (this.phase === Phase.closed) this.connect(nowMs);
  }

  #write(nowMs: number): void {
    this.phase = Phase.busy;
    this.#written = 0;
    this.#servedMax = this.#closes === undefined
      ? this.#plan.requestsPerConnection
      : this.#servedUntilClose(this.#closes);
    this.#portionCount = Math.min(this.outstanding, this.#servedMax - this.#servedCount);
    this.#portionEnd = this.#ends[this.#position + this.#portionCount - 1];
    this.#sockets.arm(this, nowMs + this.#plan.timeoutMs);
    this.#isUnsent = true;
    if (!this.#sockets.sendQueue.add(this)) this.sendNow(nowMs);
  }

  /**
   * Responses that this connection can still carry: a client that has sent `Connection: close` sends nothing
   * more on it (RFC 9112 9.6), whether or not the server announces its own close.
   */
  #servedUntilClose(closes: readonly boolean[]): number {
    const served = this.#servedCount, position = this.#position;
    const first = closes.indexOf(true, position);
    const { requestsPerConnection } = this.#plan;
    return first < 0
      ? requestsPerConnection
      : Math.min(requestsPerConnection, served + first - position + 1);
  }

  /** Sends the batch, unless already sent; `nowMs` is now. */
  sendNow(nowMs: number): void {
    if (!this.#isUnsent) return;
    this.#isUnsent = false;
    this.startMs = nowMs;
    if (this.#recorder.isMeasured(this.intendedMs)) {
      // A closed loop's request begins when it is sent; a warm-up request remains one.
      if (!this.#dispatch.isOpenLoop && !this.#isRetry) this.intendedMs = nowMs;
      this.#recorder.sent(this.#portionCount);
    }
    if (this.#varying === null && this.#text === null) return this.#writeRest();
    this.#render();
    this.#writeRest();
    // The next request overwrites the bytes of which this one's rest is sent later.
    if (this.#written < this.#portionEnd) this.#batch = this.#batch.slice(0, this.#portionEnd);
  }

  /** Puts the request into bytes that all connections share. */
  #render(): void {
    if (this.#text !== null) {
      this.#portionEnd = this.#texts.encode(this.#text);
      this.#batch = this.#texts.bytes;
    } else {
      const varying = this.#varying!;
      varying.render(this.#values);
      this.#batch = varying.bytes;
      this.#portionEnd = varying.length;
    }
  }

  #writeRest(): void {
    const written = this.#socket!.write(this.#batch, this.#written, this.#portionEnd);
    this.#written += written;
    this.#recorder.wrote(this.intendedMs, written);
  }

  onOpen(_socket: Socket): void {
    const nowMs = this.#sockets.readClockMs();
    this.#sockets.connectEnded(true);
    this.#recorder.opened(this, nowMs);
    this.phase = Phase.idle;
    this.connectStreak = 0;
    this.#failedConnects.reset();
    if (this.outstanding > 0) {
      // A closed loop's request begins when it is sent, as with wrk; the connect time is apart.
      this.startMs = nowMs;
      if (!this.#dispatch.isOpenLoop && !this.#isRetry) this.intendedMs = nowMs;
      this.#write(nowMs);
    } else {
      this.#dispatch.next(this, nowMs);
    }
  }

  onDrain(_socket: Socket): void {
    if (this.#written === this.#portionEnd) return;
    this.#writeRest();
    if (this.outstanding === 0 && this.#written === this.#portionEnd) {
      this.#beIdle(this.#sockets.readClockMs());
    }
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = this.#sockets.receivedMs(end - start);
    // A response to a request still queued here: it is sent anyway, and its response checked.
    if (this.#isUnsent) this.sendNow(nowMs);
    this.#recorder.read(this.intendedMs, end - start);
    if (!this.#reader.hasBegun) this.firstByteMs = nowMs;
    if (!this.#reader.hasBegun && this.outstanding === 1) {
      const template = this.#template();
      if (
        template !== null && end - start === template.totalBytes && (start & 3) === 0 &&
        template.matches(bytes, this.#sockets.wordsOf(bytes), start, end)
      ) {
        this.#reader.takeTemplate(template);
        return this.#complete(nowMs);
      }
    }
    this.#consume(bytes, start, end, nowMs);
  }

  #consume(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const socket = this.#socket;
    const reader = this.#reader;
    let at = start;
    // Another socket: the response was the last one of this connection.
    while (at < end && this.#socket === socket) {
      if (this.outstanding === 0) return this.#unsolicited(nowMs);
      const template = this.#template();
      at = reader.read(this.#recorder, bytes, at, end, this.#method(), template);
      if (at < 0) return this.fail("protocol", describeFault(at).name, nowMs);
      if (!reader.isComplete) return;
      // Unrequested bytes after a response make it invalid.
      if (at < end && this.#portionCount === 1 && reader.keepAlive) {
        return this.fail("protocol", "bytesBehindResponse", nowMs);
      }
      this.#complete(nowMs);
      this.firstByteMs = nowMs;
    }
  }

  /**
   * Template of the response that is next; null when none is kept. Requests of a script share one, and
   * answers to HEAD and CONNECT have the heads of other answers without their bodies.
   */
  #template(): ResponseTemplate | null {
    if (this.#methods !== null) {
      const method = this.#methods[this.#position];
      if (method === Method.head || method === Method.connect) return null;
    }
    return this.group.templateOf(this.requestIndex);
  }

  /** Method of the request that is answered next. */
  #method(): Method {
    return this.#methods === null
      ? this.group.plan.methods[this.requestIndex]
      : this.#methods[this.#position];
  }

  #complete(nowMs: number): void {
    const { status, keepAlive } = this.#reader;
    this.#dispatch.answered(this, status, nowMs);
    this.#reader.reset();
    this.#servedCount++;
    this.outstanding--;
    this.#portionCount--;
    this.#position++;
    if (this.outstanding > 0) this.requestIndex = this.group.following(this.requestIndex);
    if (!keepAlive || this.#servedCount >= this.#servedMax) {
      this.#replaceAfterResponse(keepAlive, nowMs);
    } else if (this.outstanding === 0) {
      // A server may answer before it has the whole body, of which the rest follows all the same: the
      // next request would be taken for a part of it.
      if (this.#written < this.#portionEnd) this.#dispatch.parked();
      else this.#beIdle(nowMs);
    }
  }

  #beIdle(nowMs: number): void {
    this.phase = Phase.idle;
    this.#dispatch.next(this, nowMs);
  }

  /** The connection ends properly; requests after the answered one move to a new connection. */
  #replaceAfterResponse(keepAlive: boolean, nowMs: number): void {
    if (!keepAlive) this.#recorder.count(Slot.closedAfterResponse);
    this.#dropSocket(!keepAlive && !this.#peerEnded);
    if (this.outstanding === 0) return this.#dispatch.next(this, nowMs);
    // The rest of the batch may never have been sent: this connection had reached its limit.
    if (this.#portionCount === 0) this.#isRetry = false;
    else if (this.#plan.retry) this.#countRetried();
    else return this.#failPortion("read", "EEOF", nowMs);
    this.#sendOnNew(nowMs);
  }

  /** Counts what was sent here as failed; the rest of the batch goes to a new connection. */
  #failPortion(kind: FailureKind, code: string, nowMs: number): void {
    const count = this.#portionCount;
    this.#portionCount = 0;
    this.#position += count;
    this.outstanding -= count;
    this.#isRetry = false;
    this.#dispatch.failed(this, kind, code, count);
    if (this.#dispatch.isOver) return;
    if (this.outstanding === 0) return this.#dispatch.next(this, nowMs);
    for (let each = 0; each < count; each++) {
      this.requestIndex = this.group.following(this.requestIndex);
    }
    this.#sendOnNew(nowMs);
  }

  onEnd(_socket: Socket): void {
    const nowMs = this.#sockets.readClockMs();
    this.#peerEnded = true;
    if (this.outstanding === 0 || this.#isUnsent) {
      this.#recorder.count(Slot.closedIdle);
      this.#dropSocket(false);
      this.#dispatch.reopen(this, nowMs);
    } else if (this.#reader.finishAtEof()) {
      this.#complete(nowMs);
    } else if (this.#reader.hasBegun) {
      this.fail("truncated", "EEOF", nowMs);
    } else if (!this.#retry(nowMs)) {
      this.fail("read", "EEOF", nowMs);
    }
  }

  onClose(_socket: Socket, error: PeerError): void {
    const nowMs = this.#sockets.readClockMs();
    // Certificate errors have no errno: the reason is used as the code.
    const isTls = error.code === "ETLS";
    const code = isTls ? `ETLS: ${error.message}` : error.code;
    if (this.phase === Phase.connecting) return this.#connectFailed(code, nowMs);
    // In TLS 1.3 a server rejects our certificate only after the handshake has finished on our side.
    if (this.outstanding === 0 || (this.#isUnsent && !isTls)) {
      this.#recorder.count(Slot.closedIdle);
      this.#dropSocket(false);
      return this.#dispatch.reopen(this, nowMs);
    }
    if (!this.#reader.hasBegun && !isTls && this.#retry(nowMs)) return;
    this.fail(this.#written < this.#portionEnd ? "write" : "read", code, nowMs);
  }

  /**
   * With --retry: the server closed a kept connection before it answered, and RFC 9112 9.3.1 lets a
   * client send an idempotent request again. It is indistinguishable from a server that crashed, so it is
   * off by default, counted as an error by --fail-if, and done once.
   */
  #retry(nowMs: number): boolean {
    if (
      !this.#plan.retry || this.#servedCount === 0 || this.#isRetry ||
      !this.#mayRepeat()
    ) return false;
    this.#dropSocket(false);
    this.#countRetried();
    this.#isRetry = true;
    this.#sendOnNew(nowMs);
    return true;
  }

  /** Whether all unanswered requests may be sent a second time. */
  #mayRepeat(): boolean {
    const count = this.#portionCount;
    if (this.#methods === null) return this.group.mayRetry(this.requestIndex, count);
    return this.#methods.slice(this.#position, this.#position + count).every(isIdempotent);
  }

  #countRetried(): void {
    this.#recorder.retried(this.intendedMs, this.#portionCount);
  }

  /** Sends the unanswered rest of the batch on a new connection. */
  #sendOnNew(nowMs: number): void {
    const answeredBytes = this.#position === 0 ? 0 : this.#ends[this.#position - 1];
    if (answeredBytes > 0) {
      this.#batch = this.#batch.slice(answeredBytes);
      this.#ends = this.#ends.slice(this.#position, this.#position + this.outstanding)
        .map((end) => end - answeredBytes);
      this.#methods = this.#methods?.slice(this.#position) ?? null;
      this.#closes = this.#closes?.slice(this.#position);
      this.#position = 0;
    }
    this.connect(nowMs);
  }

  #connectFailed(code: string, nowMs: number): void {
    this.#sockets.connectEnded(false);
    this.#dropSocket(false);
    const parts = { plan: this.#plan, sockets: this.#sockets, recorder: this.#recorder };
    const after = this.#failedConnects.after(parts, this, code, nowMs);
    if (after === "rest") return this.rest(nowMs, 1);
    if (after === "again") return this.connect(nowMs);
    this.fail(connectFailureKind(code, this.awaitsProxy), code, nowMs);
  }

  /** Counts what was sent as failed and restarts at once; after a failed connect it may wait first. */
  fail(kind: FailureKind, code: string, nowMs: number): void {
    if (this.isOpen) {
      this.#recorder.count(Slot.lost);
      this.#dropSocket(false, true);
      // Answered: only the rest of a body was not taken.
      if (this.outstanding === 0) return this.#dispatch.reopen(this, nowMs);
      return this.#failPortion(kind, code, nowMs);
    }
    if (this.phase === Phase.connecting) this.#sockets.connectEnded(false);
    this.#dropSocket(false, true);
    this.#failedConnects.reset();
    const claimed = this.outstanding;
    this.outstanding = 0;
    this.connectStreak++;
    // An open loop follows its schedule regardless of failures: the next due request reconnects.
    if (this.#dispatch.isOpenLoop) {
      if (claimed > 0) this.#dispatch.failed(this, kind, code, claimed);
      return this.#dispatch.next(this, nowMs);
    }
    this.#dispatch.failed(this, kind, code, claimed);
    if (this.#dispatch.isOver) return;
    this.rest(nowMs, restAfter(this.connectStreak));
  }

  giveUp(kind: FailureKind, code: string, nowMs: number): void {
    if (this.phase === Phase.busy && this.outstanding > 0) this.fail(kind, code, nowMs);
  }

  /** Waits before reconnecting. */
  rest(nowMs: number, restMs: number): void {
    this.phase = Phase.resting;
    this.#sockets.arm(this, nowMs + restMs);
  }

  override onDeadline(nowMs: number): void {
    switch (this.phase) {
      case Phase.connecting:
        return this.fail(connectFailureKind("ETIMEDOUT", this.awaitsProxy), "ETIMEDOUT", nowMs);
      case Phase.busy:
        return this.fail("timeout", "ETIMEDOUT", nowMs);
      case Phase.resting:
        this.phase = Phase.closed;
        return this.#dispatch.resume(this, nowMs);
    }
  }

  /** Unrequested bytes on an idle connection. */
  #unsolicited(nowMs: number): void {
    this.#recorder.count(Slot.lost);
    this.#dropSocket(false, true);
    this.#dispatch.reopen(this, nowMs);
  }

  /** The run is over, or this connection is not needed any more. */
  close(): void {
    this.#dropSocket(false);
    this.#sockets.disarm(this);
  }

  /** `peerCloses`: the server announced to close; it closes first and keeps the TIME_WAIT. */
  #dropSocket(peerCloses: boolean, reset = false): void {
    const socket = this.#socket;
    if (this.isOpen) this.#recorder.closed();
    this.phase = Phase.closed;
    this.#isUnsent = false;
    this.#socket = null;
    this.#reader.reset();
    if (socket === null || !socket.isOpen) return;
    if (reset || this.#plan.resetOnClose) socket.abort();
    else if (peerCloses) this.#sockets.lingering.add(socket);
    else socket.close();
  }
}

const noBytes = new Uint8Array(0);
const noEnds = new Int32Array(0);
/** Of a text that is not encoded yet. */
const oneUnknownEnd = new Int32Array(1);
