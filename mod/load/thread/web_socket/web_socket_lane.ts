/** One WebSocket of the load generator: its handshake, its messages one at a time, and its end. */
import type { PeerError } from "../../../base/errors.ts";
import { Deadline } from "../../../base/timer_wheel.ts";
import { Outlet } from "../../../conn/io/outlet.ts";
import { Scratch } from "../../../conn/io/scratch.ts";
import { Method, type ResponseHead } from "../../../http/mod.ts";
import { describeFault } from "../../../http1/mod.ts";
import type { Socket, SocketHandler } from "../../../net/reactor.ts";
import { type FrameEvents, FrameReader } from "../../../web_socket/frame_reader.ts";
import { CloseCode, closePayload, Opcode } from "../../../web_socket/frames.ts";
import { MessageMeter } from "../../../web_socket/message_meter.ts";
import type { FailureKind } from "../../plan/failure.ts";
import { Slot } from "../../stats/thread_stats.ts";
import { restAfter } from "../connect_rest.ts";
import { FailedConnects } from "../failed_connects.ts";
import type { GroupState } from "../group_state.ts";
import { type Lane, type LaneParts, Phase } from "../lane.ts";
import { connectFailureKind } from "../proxy/connect_failure.ts";
import { type ReadAid, ResponseReader } from "../response_reader.ts";
import type { Sender } from "../send_queue.ts";
import type { Connecting } from "../thread_sockets.ts";
import type { Handshake } from "./handshake.ts";
import { messageStatus } from "./web_socket_recorder.ts";
import type { WebSocketParts } from "./web_socket_parts.ts";

/** What `hayate serve` takes, too. Nothing of a message is kept. */
const messageBytesMax = 16 * 1024 * 1024;
/** The longest wait for the server's close frame after the run, even with a longer -T. */
const closeTimeoutMaxMs = 5000;

/** What the failures of a violation are called, by the close code that the server gets. */
const violations: Readonly<Record<number, string>> = {
  [CloseCode.protocol]: "badFrame",
  [CloseCode.invalidData]: "invalidText",
  [CloseCode.tooBig]: "messageTooLong",
};

export class WebSocketLane extends Deadline
  implements SocketHandler, Connecting, Sender, Lane, FrameEvents {
  readonly group: GroupState;
  readonly index: number;
  phase: Phase = Phase.closed;
  outstanding = 0;
  intendedMs = 0;
  startMs = 0;
  firstByteMs = 0;
  isQueued = false;
  isDelayed = false;
  connectStreak = 0;
  source: string | undefined = undefined;
  connectStartMs = 0;
  transportMs = 0;
  awaitsProxy = false;
  readonly #parts: LaneParts;
  readonly #shared: WebSocketParts;
  readonly #handshake: Handshake;
  readonly #aid: ReadAid<WebSocketLane>;
  readonly #head = new ResponseReader<WebSocketLane>(this);
  readonly #outlet: Outlet;
  readonly #meter: MessageMeter;
  #frames: FrameReader;
  #socket: Socket | null = null;
  /** The transport is connected. */
  #isConnected = false;
  /** The server has accepted the handshake. */
  #isUpgraded = false;
  /** The Sec-WebSocket-Accept that proves it. */
  #accept = "";
  /** Why the head opens no WebSocket; "": it does; null: it has not arrived. */
  #refusal: string | null = null;
  /** The message waits for the current callbacks to finish; `sendNow` follows. */
  #isUnsent = false;
  /** A ping that came while the server did not read: only the latest is answered (RFC 6455 5.5.3). */
  #latestPing: Uint8Array | null = null;
  readonly #failedConnects = new FailedConnects();
  /** After the run, the server's close frame is awaited. */
  #isLeaving = false;
  /** When this callback began. */
  #nowMs = 0;

  constructor(
    parts: LaneParts,
    shared: WebSocketParts,
    group: GroupState,
    handshake: Handshake,
    aid: ReadAid<WebSocketLane>,
    index: number,
  ) {
    super();
    this.#parts = parts;
    this.#shared = shared;
    this.group = group;
    this.#handshake = handshake;
    this.#aid = aid;
    this.index = index;
    this.#outlet = new Outlet(Scratch.of(parts.reactor));
    const { bytes, isText } = shared.message;
    this.#meter = new MessageMeter(bytes, isText, (_, __, isEcho) => this.#received(isEcho));
    this.#frames = this.#makeReader();
  }

  #makeReader(): FrameReader {
    return new FrameReader(this, this.#meter, messageBytesMax, "server");
  }

  connect(nowMs: number): void {
    this.phase = Phase.connecting;
    this.connectStartMs = nowMs;
    this.#refusal = null;
    this.awaitsProxy = false;
    this.#parts.sockets.arm(this, nowMs + this.#parts.plan.timeoutMs);
    this.#socket = this.#parts.sockets.connect(this);
  }

  onOpen(socket: Socket): void {
    const { sockets, recorder } = this.#parts;
    const nowMs = sockets.readClockMs();
    sockets.connectEnded(true);
    recorder.opened(this, nowMs);
    this.#isConnected = true;
    this.#failedConnects.reset();
    this.#outlet.socket = socket;
    this.#accept = this.#handshake.renew();
    const { bytes } = this.#handshake;
    recorder.wrote(nowMs, bytes.length);
    this.#outlet.send(bytes, 0, bytes.length);
  }

  /** A head, interim ones included. */
  takeHead(head: ResponseHead): void {
    if (head.status < 200 && head.status !== 101) return;
    this.#refusal = this.#handshake.faultOf(head, this.#accept) ?? "";
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const { sockets, recorder } = this.#parts;
    this.#nowMs = sockets.receivedMs(end - start);
    recorder.read(this.#nowMs, end - start);
    let at = start;
    if (!this.#isUpgraded) {
      at = this.#readHead(bytes, start, end);
      if (!this.#isUpgraded) return;
    }
    if (at < end) this.#frames.push(bytes, at, end);
  }

  /** Returns where the frames begin, once there is a WebSocket. */
  #readHead(bytes: Uint8Array, start: number, end: number): number {
    const at = this.#head.read(this.#aid, bytes, start, end, Method.get, null);
    const nowMs = this.#nowMs;
    if (at < 0) this.fail("handshake", describeFault(at).name, nowMs);
    else if (this.#refusal === "") this.#upgraded(nowMs);
    else if (this.#refusal !== null) this.fail("handshake", this.#refusal, nowMs);
    return at;
  }

  #upgraded(nowMs: number): void {
    const { dispatch } = this.#parts;
    this.#isUpgraded = true;
    this.#frames = this.#makeReader();
    this.connectStreak = 0;
    this.phase = Phase.idle;
    this.#shared.recorder.openedSocket(this.connectStartMs, nowMs);
    if (this.#shared.message.holds) return;
    if (this.outstanding === 0) return dispatch.next(this, nowMs);
    this.startMs = nowMs;
    if (!dispatch.isOpenLoop) this.intendedMs = nowMs;
    this.#enqueue(nowMs);
  }

  load(): number {
    return this.outstanding = 1;
  }

  loadScripted(): void {
    throw new TypeError("Cannot load requests of a script: WebSockets have none");
  }

  send(nowMs: number, intendedMs: number): void {
    this.intendedMs = intendedMs;
    this.startMs = nowMs;
    if (this.phase === Phase.idle) this.#enqueue(nowMs);
    else if (this.phase === Phase.closed) this.connect(nowMs);
  }

  #enqueue(nowMs: number): void {
    this.phase = Phase.busy;
    this.#isUnsent = true;
    this.#parts.sockets.arm(this, nowMs + this.#parts.plan.timeoutMs);
    if (!this.#parts.sockets.sendQueue.add(this)) this.sendNow(nowMs);
  }

  sendNow(nowMs: number): void {
    if (!this.#isUnsent) return;
    const { recorder, dispatch } = this.#parts;
    this.#isUnsent = false;
    this.startMs = nowMs;
    if (recorder.isMeasured(this.intendedMs)) {
      // A closed loop's message begins when it is sent; one of the warm-up remains one.
      if (!dispatch.isOpenLoop) this.intendedMs = nowMs;
      recorder.sent(1);
    }
    const length = this.#shared.makeMessage();
    recorder.wrote(this.intendedMs, length);
    this.#outlet.send(this.#shared.frame, 0, length);
    if (this.#shared.message.answer === "none" && !this.#outlet.isBlocked) this.#sentAll();
  }

  /** Nothing answers the message: it is done when the kernel has all of it. */
  #sentAll(): void {
    if (this.phase !== Phase.busy) return;
    this.#settle();
    this.#parts.dispatch.settled(this);
  }

  #settle(): void {
    this.outstanding = 0;
    this.phase = Phase.idle;
  }

  onDrain(_socket: Socket): void {
    const nowMs = this.#parts.sockets.readClockMs();
    if (!this.#outlet.drain()) return;
    const ping = this.#latestPing;
    this.#latestPing = null;
    if (ping !== null) this.#pong(ping, nowMs);
    const isSent = this.phase === Phase.busy && !this.#isUnsent && !this.#outlet.isBlocked;
    if (isSent && this.#shared.message.answer === "none") this.#sentAll();
  }

  /** A message has arrived. It answers ours only if that has left this process. */
  #received(isEcho: boolean): void {
    const { answer } = this.#shared.message;
    const nowMs = this.#nowMs;
    if (this.#isLeaving) return;
    this.#shared.recorder.receivedMessage(nowMs);
    if (this.phase !== Phase.busy || this.#isUnsent || this.#outlet.isBlocked) return;
    if (answer === "none" || (answer === "echo" && !isEcho)) return;
    this.firstByteMs = nowMs;
    this.#settle();
    this.#parts.dispatch.answered(this, messageStatus, nowMs);
    this.#parts.dispatch.next(this, nowMs);
  }

  onPing(payload: Uint8Array): void {
    if (this.#outlet.isBlocked) this.#latestPing = payload;
    else this.#pong(payload, this.#nowMs);
  }

  #pong(payload: Uint8Array, nowMs: number): void {
    if (!this.#isLeaving) this.#shared.recorder.answeredPing(nowMs);
    this.#sendControl(Opcode.pong, payload, nowMs);
  }

  #sendControl(opcode: number, payload: Uint8Array, nowMs: number): void {
    const length = this.#shared.makeControl(opcode, payload);
    this.#parts.recorder.wrote(nowMs, length);
    this.#outlet.send(this.#shared.frame, 0, length);
  }

  onPong(): void {}

  onCloseFrame(code: number): void {
    if (this.#isLeaving) return this.#leave(true);
    this.#sendControl(Opcode.close, closePayload(code, ""), this.#nowMs);
    this.#lose("closed", `${code}`, true);
  }

  onViolation(code: number): void {
    if (this.#isLeaving) return this.#leave(false);
    this.#sendControl(Opcode.close, closePayload(code, ""), this.#nowMs);
    this.#lose("protocol", violations[code] ?? `${code}`, false);
  }

  onEnd(_socket: Socket): void {
    this.#nowMs = this.#parts.sockets.readClockMs();
    if (this.#isLeaving) this.#leave(false);
    else if (this.#isUpgraded) this.#lose("closed", `${CloseCode.abnormal}`, false);
    else this.fail("handshake", "EEOF", this.#nowMs);
  }

  onClose(_socket: Socket, error: PeerError): void {
    const nowMs = this.#nowMs = this.#parts.sockets.readClockMs();
    if (this.#isLeaving) return this.#leave(false);
    // Certificate errors have no errno: the reason is used as the code.
    const code = error.code === "ETLS" ? `ETLS: ${error.message}` : error.code;
    if (this.#isUpgraded) this.#lose("read", code, false);
    else if (this.#isConnected) this.fail("handshake", code, nowMs);
    else this.#connectFailed(code, nowMs);
  }

  /** An open socket has ended. `peerCloses`: the server closes the connection first (7.1.1). */
  #lose(kind: FailureKind, code: string, peerCloses: boolean): void {
    const nowMs = this.#nowMs;
    const { dispatch } = this.#parts;
    const claimed = this.outstanding;
    this.#parts.recorder.count(Slot.lost);
    this.#drop(peerCloses, false);
    this.outstanding = 0;
    if (claimed > 0) dispatch.failed(this, kind, code, claimed);
    else this.#shared.recorder.lostSocket(kind, code, nowMs);
    if (dispatch.isOver) return;
    // A server that closes each socket at once must not be asked without a pause.
    if (claimed === 0) this.#rest(nowMs, restAfter(1));
    else dispatch.next(this, nowMs);
  }

  #connectFailed(code: string, nowMs: number): void {
    const { sockets } = this.#parts;
    sockets.connectEnded(false);
    const after = this.#failedConnects.after(this.#parts, this, code, nowMs);
    if (after === "failed") {
      return this.#failOpening(connectFailureKind(code, this.awaitsProxy), code, nowMs);
    }
    this.#drop(false, false);
    if (after === "again") this.connect(nowMs);
    else this.#rest(nowMs, 1);
  }

  /** The message, or the socket that was to carry one, has failed. */
  fail(kind: FailureKind, code: string, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#isUpgraded) return this.#lose(kind, code, false);
    if (this.#isConnected) this.#parts.recorder.count(Slot.lost);
    else this.#parts.sockets.connectEnded(false);
    this.#failOpening(kind, code, nowMs);
  }

  #failOpening(kind: FailureKind, code: string, nowMs: number): void {
    const { dispatch } = this.#parts;
    const claimed = this.outstanding;
    this.#drop(false, true);
    this.outstanding = 0;
    this.#failedConnects.reset();
    this.connectStreak++;
    if (claimed > 0 || !dispatch.isOpenLoop) dispatch.failed(this, kind, code, claimed);
    if (dispatch.isOver) return;
    // An open loop follows its schedule regardless of failures: the next due message reconnects.
    if (dispatch.isOpenLoop) dispatch.next(this, nowMs);
    else this.#rest(nowMs, restAfter(this.connectStreak));
  }

  giveUp(kind: FailureKind, code: string, nowMs: number): void {
    if (this.phase === Phase.busy) this.fail(kind, code, nowMs);
  }

  #rest(nowMs: number, restMs: number): void {
    this.phase = Phase.resting;
    this.#parts.sockets.arm(this, nowMs + restMs);
  }

  override onDeadline(nowMs: number): void {
    if (this.#isLeaving) this.#leave(false);
    else if (this.phase === Phase.busy) this.fail("timeout", "ETIMEDOUT", nowMs);
    else if (this.phase === Phase.connecting) {
      const kind = connectFailureKind("ETIMEDOUT", this.awaitsProxy);
      this.fail(this.#isConnected ? "handshake" : kind, "ETIMEDOUT", nowMs);
    } else if (this.phase === Phase.resting) {
      this.phase = Phase.closed;
      this.#parts.dispatch.resume(this, nowMs);
    }
  }

  /** The run is over: an open socket is closed with a close frame, whose answer is awaited. */
  close(): void {
    const { sockets, plan, recorder } = this.#parts;
    sockets.disarm(this);
    this.#isUnsent = false;
    if (!this.#isUpgraded || plan.resetOnClose) return this.#drop(false, false);
    recorder.closed();
    this.#isLeaving = true;
    this.#shared.farewell.begin();
    const nowMs = sockets.readClockMs();
    this.#sendControl(Opcode.close, closePayload(CloseCode.normal, ""), nowMs);
    sockets.arm(this, nowMs + Math.min(plan.timeoutMs, closeTimeoutMaxMs));
  }

  #leave(isAnswered: boolean): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    this.#parts.sockets.disarm(this);
    this.#outlet.discard();
    this.#frames.stop();
    if (!isAnswered) this.#shared.recorder.closeUnanswered();
    if (socket.isOpen) socket.close();
    this.#shared.farewell.end();
  }

  #drop(peerCloses: boolean, reset: boolean): void {
    const socket = this.#socket;
    if (this.#isConnected) this.#parts.recorder.closed();
    if (this.#isUpgraded) this.#shared.recorder.closedSocket();
    this.phase = Phase.closed;
    this.deadlineMs = Infinity;
    this.#isConnected = this.#isUpgraded = this.#isUnsent = false;
    this.#latestPing = null;
    this.#socket = null;
    this.#head.reset();
    this.#frames.stop();
    this.#outlet.discard();
    if (socket === null || !socket.isOpen) return;
    if (reset || this.#parts.plan.resetOnClose) socket.abort();
    else if (peerCloses) this.#parts.sockets.lingering.add(socket);
    else socket.close();
  }
}
