/** Sends the requests of one connection: those of a batch in one write. */
import type { Outlet } from "../../../conn/io/outlet.ts";
import type { HeadSpace, Session } from "../../../http2/mod.ts";
import type { Sender, SendQueue } from "../send_queue.ts";
import { FieldBlocks } from "./field_blocks.ts";
import type { StreamEvents } from "./stream_events.ts";
import type { LaneStream, StreamLane } from "./stream_lane.ts";

/** Bytes of a body that are handed over at once. */
const sliceBytes = 65_536;

/** The connection that sends. */
export interface SenderOwner {
  /** The connection has ended. */
  readonly isOver: boolean;
  /** When the current callback began. */
  nowMs: number;
  /** These requests could not be sent: there is no room for their streams. */
  displace(lanes: readonly StreamLane[], nowMs: number): void;
}

export class StreamSender implements Sender {
  /** A callback is running, after which `sendNow` is called. */
  isHeld = false;
  readonly #owner: SenderOwner;
  readonly #queue: SendQueue;
  readonly #session: Session<LaneStream>;
  readonly #events: StreamEvents;
  readonly #outlet: Outlet;
  readonly #space: HeadSpace;
  readonly #blocks: FieldBlocks;
  #unsent: StreamLane[] = [];
  #isInQueue = false;

  constructor(
    owner: SenderOwner,
    queue: SendQueue,
    session: Session<LaneStream>,
    events: StreamEvents,
    outlet: Outlet,
    space: HeadSpace,
  ) {
    this.#owner = owner;
    this.#queue = queue;
    this.#session = session;
    this.#events = events;
    this.#outlet = outlet;
    this.#space = space;
    this.#blocks = new FieldBlocks(session.encoder, space.block);
  }

  /** The lane's request is sent after the current callbacks. */
  enqueue(lane: StreamLane, nowMs: number): void {
    lane.isUnsent = true;
    this.#unsent.push(lane);
    if (this.#isInQueue) return;
    this.#isInQueue = this.#queue.add(this);
    if (!this.#isInQueue && !this.isHeld) this.sendNow(nowMs);
  }

  /** The lanes whose requests were not sent; they are sent by others now. */
  takeUnsent(): StreamLane[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent.filter((lane) => this.#isPending(lane));
  }

  /** The callback is over: sends, unless others of the batch follow. */
  release(nowMs: number): void {
    this.isHeld = false;
    if (!this.#isInQueue) this.sendNow(nowMs);
  }

  sendNow(nowMs: number): void {
    this.#isInQueue = false;
    const unsent = this.#unsent;
    if (this.#owner.isOver || unsent.length === 0) return;
    const { scratch } = this.#outlet;
    this.#owner.nowMs = nowMs;
    scratch.enter();
    let count = 0;
    for (; count < unsent.length; count++) {
      if (!this.#isPending(unsent[count])) continue;
      // The server has lowered its limit, or identifiers are used up.
      if (!this.#session.canOpen) break;
      this.#open(unsent[count], nowMs);
    }
    const displaced = count < unsent.length ? unsent.slice(count) : noLanes;
    unsent.length = 0;
    this.#outlet.flush();
    scratch.leave();
    if (displaced.length > 0) {
      this.#owner.displace(displaced.filter((lane) => this.#isPending(lane)), nowMs);
    }
  }

  /** False after the lane's request has failed or moved to another connection. */
  #isPending(lane: StreamLane): boolean {
    return lane.isUnsent && lane.connection === this.#owner;
  }

  #open(lane: StreamLane, nowMs: number): void {
    const { request } = lane;
    const { block } = this.#space;
    lane.begin(nowMs);
    this.#events.opening = lane.stream;
    this.#blocks.write(request);
    const stream = this.#session.open(request.method);
    const hasBody = lane.bodyEnd > lane.bodyAt;
    this.#session.writeHead(stream, block.bytes, 0, block.length, !hasBody);
    if (!hasBody) return;
    this.upload(lane);
    lane.keepBody();
  }

  /** Sends as much of the lane's body as windows and socket allow; `onWritable` follows. */
  upload(lane: StreamLane): void {
    const { stream, bodyBytes, bodyEnd } = lane;
    // A write may find out that the connection has failed.
    while (lane.bodyAt < bodyEnd && !this.#owner.isOver) {
      const end = Math.min(bodyEnd, lane.bodyAt + sliceBytes);
      const taken = this.#session.writeData(stream, bodyBytes, lane.bodyAt, end, end === bodyEnd);
      if (this.#owner.isOver) return;
      lane.bodyAt += taken;
      if (lane.bodyAt < end) return;
    }
  }
}

const noLanes: readonly StreamLane[] = [];
