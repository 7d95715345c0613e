import { ErrorCode } from "../frames/error_code.ts";
import { Guard } from "../guard/guard.ts";
import { HpackDecoder } from "../hpack/decoder.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import { Closed, ClosedStreams } from "./closed_streams.ts";
import type { HeadSpace } from "./head_space.ts";
import { PeerSettings } from "./peer_settings.ts";
import { ReceiveCredit } from "./receive_credit.ts";
import { Sender, type SenderHost } from "./sender.ts";
import type { SessionOptions } from "./session_options.ts";
import type { FailureReason, SessionOutput, SessionSink } from "./session_sink.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";
import { type CreditHost, WindowUpdates } from "./window_updates.ts";

/** What the parts of one session share, and how streams and the session end. */
export class SessionState<T extends Stream> implements SenderHost<T>, CreditHost {
  readonly options: SessionOptions;
  readonly sink: SessionSink<T>;
  readonly output: SessionOutput;
  readonly space: HeadSpace;
  readonly streams = new StreamTable();
  readonly closed = new ClosedStreams();
  readonly guard: Guard;
  readonly peer: PeerSettings;
  readonly credit: ReceiveCredit;
  readonly updates: WindowUpdates<T>;
  readonly sender: Sender<T>;
  readonly decoder: HpackDecoder;
  readonly encoder: HpackEncoder;
  /** Monotonic milliseconds of the last call from outside. */
  nowMs = 0;
  /** The highest stream that the peer has opened. */
  lastPeerId = 0;
  /** The next stream that we open. */
  nextOwnId = 1;
  /** Streams of the peer above it are ignored, after our last GOAWAY. */
  acceptedIdMax = Infinity;
  /** The peer's GOAWAY: it processes none of our streams above. */
  peerAcceptedIdMax = Infinity;
  isFailed = false;
  #isAcknowledged = false;

  constructor(
    options: SessionOptions,
    sink: SessionSink<T>,
    output: SessionOutput,
    space: HeadSpace,
  ) {
    this.options = options;
    this.sink = sink;
    this.output = output;
    this.space = space;
    this.guard = new Guard(options.guard);
    this.peer = new PeerSettings(!options.isServer);
    this.credit = new ReceiveCredit(options);
    this.updates = new WindowUpdates<T>(this);
    this.sender = new Sender<T>(this);
    this.decoder = new HpackDecoder(space.area, options.tableBytesMax);
    this.encoder = new HpackEncoder(!options.isServer, true, space.block, space.lines);
  }

  /** The open stream with this identifier. */
  find(id: number): T | null {
    return this.streams.find(id) as T | null;
  }

  /** The stream was never used: neither open nor closed. */
  isIdle(id: number): boolean {
    if ((id & 1) === 0) return true;
    return this.options.isServer ? id > this.lastPeerId : id >= this.nextOwnId;
  }

  openStream(id: number): T {
    const stream = this.sink.makeStream();
    stream.open(id, this.peer.windowBytes, this.credit.streamWindow);
    this.streams.add(stream);
    return stream;
  }

  /** Ends the session for a fault of the peer. Every stream is reset. Returns false. */
  fail(code: number, reason: FailureReason = "protocol"): false {
    if (this.isFailed) return false;
    this.isFailed = true;
    this.writeGoaway(this.lastPeerId, code);
    this.endStreams(code);
    this.sink.onFailure(code, reason);
    return false;
  }

  /** The peer passed a limit of the guard. Returns false. */
  calm(reason: FailureReason): false {
    return this.fail(ErrorCode.enhanceYourCalm, reason);
  }

  /** Reports every stream as reset, without a frame. */
  endStreams(code: number): void {
    for (const stream of this.streams.all() as T[]) {
      this.sink.onReset(stream, code, false);
      if (this.find(stream.id) === stream) this.close(stream, Closed.resetByUs);
    }
  }

  /** Resets a stream for a fault of the peer. False when the peer did that too often. */
  faultStream(stream: T, code: number): boolean {
    this.writeReset(stream.id, code);
    const { id } = stream;
    this.sink.onReset(stream, code, false);
    if (stream.id === id) this.close(stream, Closed.resetByUs);
    return this.#countReset();
  }

  /** The same for a stream that does not exist for the owner. */
  faultUnopened(id: number, code: number): boolean {
    this.writeReset(id, code);
    this.closed.add(id, Closed.resetByUs);
    return this.#countReset();
  }

  /** The peer has reset a stream. */
  resetByPeer(stream: T, code: number): boolean {
    const { id } = stream;
    this.sink.onReset(stream, code, true);
    if (stream.id === id) this.close(stream, Closed.resetByPeer);
    return this.#countReset();
  }

  #countReset(): boolean {
    // Only a client's streams cost work that a reset wastes.
    if (!this.options.isServer || this.guard.allows("resets", this.nowMs)) return !this.isFailed;
    return this.calm("resets");
  }

  /** The peer has sent END_STREAM and the owner knows. */
  endRemote(stream: T, id: number): void {
    if (stream.id === id && stream.localClosed) this.close(stream, Closed.ended);
  }

  onLocalEnd(stream: T): void {
    stream.localClosed = true;
    if (stream.remoteClosed) this.close(stream, Closed.ended);
  }

  onWritable(stream: T): void {
    this.sink.onWritable(stream);
  }

  onTinyWindows(): void {
    this.calm("tinyWindows");
  }

  /** Forgets a stream that has ended; nothing when that was done while its last frame was written. */
  close(stream: T, cause: Closed): void {
    if (stream.id === 0) return;
    this.streams.remove(stream);
    this.sender.forget(stream);
    if (stream.heldBytes > 0) {
      this.credit.release(stream, stream.heldBytes);
      this.updates.announce(null);
    }
    this.closed.add(stream.id, cause);
    stream.remoteClosed = stream.localClosed = true;
    this.sink.onClosed(stream);
    stream.id = 0;
  }

  /** The peer has acknowledged our SETTINGS. */
  onAcknowledged(): void {
    if (this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    this.decoder.settle(this.options.tableBytesMax);
    const streams = this.streams.all() as T[];
    this.credit.acknowledge(streams);
    for (const stream of streams) this.updates.announce(stream);
  }

  writeReset(id: number, code: number): void {
    const { frames } = this.space;
    frames.clear();
    frames.rstStream(id, code);
    this.output.write(frames.bytes, 0, frames.length);
  }

  writeGoaway(lastId: number, code: number): void {
    const { frames } = this.space;
    frames.clear();
    frames.goaway(lastId, code);
    this.output.write(frames.bytes, 0, frames.length);
  }
}
