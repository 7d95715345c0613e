/** One HTTP/2 connection of the load generator, and the lanes on it. */
import { formatAddress } from "../../../base/address.ts";
import { exitCodes, type PeerError, StartError } from "../../../base/errors.ts";
import { Deadline } from "../../../base/timer_wheel.ts";
import { Outlet } from "../../../conn/io/outlet.ts";
import type { Scratch } from "../../../conn/io/scratch.ts";
import { latin1 } from "../../../http/mod.ts";
import {
  ErrorCode,
  errorName,
  type HeadSpace,
  Session,
  type SessionOutput,
} from "../../../http2/mod.ts";
import type { Socket, SocketHandler } from "../../../net/reactor.ts";
import type { FailureKind } from "../../plan/failure.ts";
import { Slot } from "../../stats/thread_stats.ts";
import type { GroupState } from "../group_state.ts";
import { type LaneParts, Phase } from "../lane.ts";
import type { Connecting } from "../thread_sockets.ts";
import { connectFailureKind } from "../proxy/connect_failure.ts";
import type { ConnectionPlace } from "./connection_place.ts";
import { clientSessionOptions } from "./session_options.ts";
import { StreamEvents } from "./stream_events.ts";
import type { LaneStream, StreamLane } from "./stream_lane.ts";
import { type SenderOwner, StreamSender } from "./stream_sender.ts";
import { StreamRoom } from "./stream_room.ts";

/** What the HTTP/2 connections of a thread share. */
export interface Http2Parts {
  readonly space: HeadSpace;
  readonly scratch: Scratch;
}

export class StreamConnection extends Deadline
  implements SocketHandler, Connecting, SenderOwner, SessionOutput {
  readonly group: GroupState;
  readonly index: number;
  source: string | undefined = undefined;
  connectStartMs = 0;
  transportMs = 0;
  awaitsProxy = false;
  /** Responses on this connection. */
  servedCount = 0;
  /** It takes no new requests, and ends after those that it has. */
  isRetired = false;
  /** It has ended, or was never made. */
  isOver = false;
  /** When this callback began. */
  nowMs = 0;
  readonly #parts: LaneParts;
  readonly #http2: Http2Parts;
  readonly #place: ConnectionPlace;
  readonly #session: Session<LaneStream>;
  readonly #events: StreamEvents;
  readonly #sender: StreamSender;
  readonly #outlet: Outlet;
  readonly #room: StreamRoom;
  #socket: Socket | null = null;
  /** The transport is connected. */
  #isOpen = false;
  /** The server's SETTINGS have arrived. */
  #isReady = false;
  /** Lanes that wait for that. */
  #waiting: StreamLane[] = [];
  /** Requests that it has taken. */
  #takenCount = 0;
  #lastReadMs = 0;
  #peerEnded = false;
  /** The server has announced the end, so that it closes first. */
  #hasGoaway = false;
  /** What a request failed of when the server closes. */
  #endCode = "EEOF";
  /** The beginning of what a server sends that does not speak HTTP/2. */
  #firstBytes = "";

  constructor(parts: LaneParts, http2: Http2Parts, place: ConnectionPlace, index: number) {
    super();
    this.#parts = parts;
    this.#http2 = http2;
    this.#place = place;
    this.group = place.group;
    this.index = index;
    this.#room = new StreamRoom();
    this.#outlet = new Outlet(http2.scratch);
    this.#events = new StreamEvents(this);
    this.#session = new Session(clientSessionOptions, this.#events, this, http2.space);
    this.#sender = new StreamSender(
      this,
      parts.sockets.sendQueue,
      this.#session,
      this.#events,
      this.#outlet,
      http2.space,
    );
  }

  connect(nowMs: number): void {
    this.connectStartMs = nowMs;
    this.#parts.sockets.arm(this, nowMs + this.#parts.plan.timeoutMs);
    this.#socket = this.#parts.sockets.connect(this);
  }

  /** The lane sends on this connection as soon as there is room. */
  join(lane: StreamLane, nowMs: number): void {
    lane.connection = this;
    if (this.#isReady) this.#room.admit(lane, this.#place.lanesOf(this), nowMs);
    else this.#waiting.push(lane);
  }

  /** The request of an admitted lane is sent after the current callbacks. */
  enqueue(lane: StreamLane, nowMs: number): void {
    this.#takenCount++;
    this.#sender.enqueue(lane, nowMs);
    if (lane.request.closes || this.#takenCount >= this.#parts.plan.requestsPerConnection) {
      this.retire(nowMs);
    }
  }

  /** Sends more of a body that waited for the server. */
  upload(lane: StreamLane): void {
    this.#sender.upload(lane);
  }

  /** Requests that could not be sent wait for room, or for the next connection. */
  displace(lanes: readonly StreamLane[], nowMs: number): void {
    if (this.isOver) return;
    if (this.#session.streamCount < this.#session.peer.streamsMax) this.retire(nowMs);
    for (const lane of lanes) {
      if (this.isRetired) this.#leave(lane, nowMs);
      else this.#room.park(lane);
    }
    this.#finishIfDone();
  }

  /** The lane's request is over. The lane is then idle, parked, or closed and off this connection. */
  release(lane: StreamLane, nowMs: number): void {
    if (!this.isRetired && !this.isOver) return this.#room.turn(lane, nowMs);
    lane.detach();
    this.#room.drop();
    this.#finishIfDone();
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.#parts.recorder.wrote(this.nowMs, end - start);
    this.#outlet.write(bytes, start, end);
  }

  get isBlocked(): boolean {
    return this.#outlet.isBlocked;
  }

  /** Resets the stream of a request that has no use any more, or that is late. */
  cancel(lane: StreamLane, code: number): void {
    if (this.isOver || lane.stream.id === 0) return;
    this.#session.reset(lane.stream, code);
    if (!this.#http2.scratch.corked) this.#outlet.flush();
  }

  /** A response is late: a connection that has been silent since `sinceMs` is not used again. */
  checkSilence(sinceMs: number, nowMs: number): void {
    if (this.isOver || this.#lastReadMs >= sinceMs) return;
    if (!this.isRetired) this.#parts.recorder.count(Slot.lost);
    this.retire(nowMs);
  }

  /** Takes no more requests. Those that were taken are still sent and answered. */
  retire(nowMs: number): void {
    if (this.isRetired || this.isOver) return;
    this.isRetired = true;
    this.#place.forget(this);
    this.#room.clear();
    for (const lane of this.#place.lanesOf(this)) {
      if (this.#parts.dispatch.isOver) return;
      if (lane.phase === Phase.idle) this.#leave(lane, nowMs);
      else if (lane.phase === Phase.parked) lane.leave(nowMs);
    }
  }

  /** An admitted lane leaves. */
  #leave(lane: StreamLane, nowMs: number): void {
    this.#room.drop();
    lane.leave(nowMs);
  }

  /** The server takes no new streams (RFC 9113 6.8); those that it turns away are reset next. */
  goaway(code: number): void {
    const { nowMs } = this;
    if (this.isOver) return;
    if (!this.#hasGoaway && !this.isRetired) {
      const isBusy = this.#session.streamCount > 0;
      const isProper = code === ErrorCode.noError;
      const slot = isBusy ? Slot.closedAfterResponse : Slot.closedIdle;
      this.#parts.recorder.count(isProper ? slot : Slot.lost);
    }
    this.#hasGoaway = true;
    if (code !== ErrorCode.noError) this.#endCode = `GOAWAY ${errorName(code)}`;
    this.retire(nowMs);
    for (const lane of this.#sender.takeUnsent()) this.#leave(lane, nowMs);
    this.#finishIfDone();
  }

  /** The server's settings have arrived, or changed. */
  settle(): void {
    const { streamsMax } = this.#session.peer;
    const { nowMs } = this;
    const { sockets, plan, dispatch } = this.#parts;
    this.#place.requests.hasSpoken = true;
    // A server that allows no stream yet has until the deadline of the connect.
    if (streamsMax === 0 && !this.#isReady) return;
    if (streamsMax === 0) sockets.arm(this, nowMs + plan.timeoutMs);
    else sockets.disarm(this);
    this.#isReady = true;
    this.#place.failedConnects.reset();
    this.#room.resize(streamsMax, this.#place.lanesOf(this), nowMs);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const lane of waiting) {
      if (dispatch.isOver) return;
      if (this.isRetired || this.isOver) lane.leave(nowMs);
      else this.#room.admit(lane, waiting, nowMs);
    }
  }

  /** Bytes of a body have been taken. */
  consumed(stream: LaneStream, count: number): void {
    this.#session.consumed(stream, count);
  }

  /** The session has ended for a fault of the server. */
  get hasFailed(): boolean {
    return this.#session.isFailed;
  }

  /** The session has failed; its last frame says so to the server. */
  failed(code: string): void {
    this.#outlet.flush();
    if (!this.#isReady) {
      return this.#refuse(`it answered ${JSON.stringify(this.#firstBytes.split("\r")[0])}`);
    }
    this.#lose("protocol", code, this.nowMs);
  }

  /** The server does not speak HTTP/2. Ends the run when it is the first to be asked. */
  #refuse(what: string): void {
    if (this.#place.requests.hasSpoken) {
      return this.#connectFailed("protocol", "noHttp2", this.nowMs);
    }
    const { addresses, serverName } = this.group.plan;
    const address = formatAddress(addresses[this.index % addresses.length]);
    const shown = serverName === null ? address : `${serverName} (${address})`;
    throw new StartError(`${shown} does not speak HTTP/2: ${what}`, exitCodes.failed);
  }

  onOpen(socket: Socket): void {
    const { sockets, recorder } = this.#parts;
    const nowMs = this.nowMs = sockets.readClockMs();
    sockets.connectEnded(true);
    recorder.opened(this, nowMs);
    this.#isOpen = true;
    const { alpn } = socket;
    if (alpn !== undefined && alpn !== "h2") {
      return this.#refuse(`it chose ${alpn === "" ? "no protocol" : alpn} (ALPN)`);
    }
    this.#outlet.socket = socket;
    this.#session.start();
    this.#outlet.flush();
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const { sockets, recorder } = this.#parts;
    const { scratch } = this.#http2;
    const nowMs = this.nowMs = this.#lastReadMs = sockets.receivedMs(end - start);
    recorder.read(nowMs, end - start);
    scratch.enter();
    this.#sender.isHeld = true;
    if (!this.#isReady) this.#firstBytes = latin1(bytes, start, Math.min(end, start + 40));
    this.#session.receive(bytes, start, end, nowMs);
    this.#sender.release(nowMs);
    scratch.leave();
  }

  onDrain(_socket: Socket): void {
    const { scratch } = this.#http2;
    this.nowMs = this.#parts.sockets.readClockMs();
    scratch.enter();
    if (this.#outlet.drain()) this.#session.flush();
    scratch.leave();
  }

  onEnd(_socket: Socket): void {
    const nowMs = this.nowMs = this.#parts.sockets.readClockMs();
    this.#peerEnded = true;
    if (!this.#isReady) this.#refuse("it closed the connection");
    else this.#lose("read", "EEOF", nowMs);
  }

  onClose(_socket: Socket, error: PeerError): void {
    const nowMs = this.nowMs = this.#parts.sockets.readClockMs();
    // Certificate errors have no errno: the reason is used as the code.
    const code = error.code === "ETLS" ? `ETLS: ${error.message}` : error.code;
    if (this.#isReady) this.#lose("read", code, nowMs);
    else this.#connectFailed(connectFailureKind(code, this.awaitsProxy), code, nowMs);
  }

  override onDeadline(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.#isReady) this.retire(nowMs);
    else {
      const kind = connectFailureKind("ETIMEDOUT", this.awaitsProxy);
      this.#connectFailed(kind, "ETIMEDOUT", nowMs);
    }
  }

  #connectFailed(kind: FailureKind, code: string, nowMs: number): void {
    const { sockets, recorder } = this.#parts;
    const place = this.#place;
    if (this.#isOpen) recorder.count(Slot.lost);
    else sockets.connectEnded(false);
    const after = place.failedConnects.after(this.#parts, this, code, nowMs);
    if (after === "again") return this.connect(nowMs);
    this.#drop(true, false);
    const lanes = place.lanesOf(this);
    if (after === "rest") {
      for (const lane of lanes) lane.rest(nowMs, 1);
      return;
    }
    place.failedConnects.reset();
    lanes.forEach((lane, index) => {
      if (!this.#parts.dispatch.isOver) lane.connectFailed(kind, code, index === 0, nowMs);
    });
  }

  /** The connection has ended: its requests have failed, those that were not sent move on. */
  #lose(kind: FailureKind, code: string, nowMs: number): void {
    if (this.isOver) return;
    const lanes = this.#place.lanesOf(this);
    const isBusy = lanes.some((lane) => lane.phase === Phase.busy && !lane.isUnsent);
    if (isBusy) this.#parts.recorder.count(Slot.lost);
    else if (!this.isRetired) this.#parts.recorder.count(Slot.closedIdle);
    const shownCode = code === "EEOF" ? this.#endCode : code;
    this.#drop(isBusy, false);
    for (const lane of lanes) {
      if (this.#parts.dispatch.isOver) return;
      if (lane.connection !== this) continue;
      if (lane.phase === Phase.busy && !lane.isUnsent) lane.lost(kind, shownCode, nowMs);
      else lane.leave(nowMs);
    }
  }

  #finishIfDone(): void {
    if (!this.isRetired || this.isOver || this.#room.activeCount > 0) return;
    this.#outlet.flush();
    this.#drop(false, this.#hasGoaway && !this.#peerEnded);
  }

  /** The run is over. */
  close(): void {
    if (!this.isOver) this.#drop(false, false);
  }

  /** `peerCloses`: the server announced to close; it closes first and keeps the TIME_WAIT. */
  #drop(reset: boolean, peerCloses: boolean): void {
    const socket = this.#socket;
    if (this.#isOpen) this.#parts.recorder.closed();
    this.isOver = true;
    this.#socket = null;
    this.#place.forget(this);
    this.#parts.sockets.disarm(this);
    this.#room.clear();
    this.#outlet.discard();
    this.#session.end(ErrorCode.cancel);
    if (socket === null || !socket.isOpen) return;
    if (reset || this.#parts.plan.resetOnClose) socket.abort();
    else if (peerCloses) this.#parts.sockets.lingering.add(socket);
    else socket.close();
  }
}
