/** Which lanes of a connection may send: as many as the server allows streams, each in its turn. */
import { Phase } from "../lane.ts";
import type { StreamLane } from "./stream_lane.ts";

export class StreamRoom {
  /** Admitted lanes: idle or with a request. */
  activeCount = 0;
  /** The server's SETTINGS_MAX_CONCURRENT_STREAMS. */
  #limit = 0;
  /** The others, first in, first out; those with a request that was loaded come first. */
  #loaded: StreamLane[] = [];
  #parked: StreamLane[] = [];

  /** A lane has joined; `lanes` are those of the connection. */
  admit(lane: StreamLane, lanes: readonly StreamLane[], nowMs: number): void {
    if (this.activeCount < this.#limit) return this.#enter(lane, nowMs);
    // A request that was loaded must not wait for lanes that have none.
    const idle = lane.outstanding === 0
      ? undefined
      : lanes.find((each) => each.phase === Phase.idle);
    if (idle === undefined) return this.#push(lane);
    this.park(idle);
    this.#enter(lane, nowMs);
  }

  /** The lane's request is over: it is idle now, or parked while others have their turn. */
  turn(lane: StreamLane, nowMs: number): void {
    lane.phase = Phase.idle;
    if (this.activeCount > this.#limit) return this.park(lane);
    if (!this.#hasParked) return;
    this.park(lane);
    this.#enter(this.#takeParked(), nowMs);
  }

  /** An admitted lane gives up its place, until there is room again. */
  park(lane: StreamLane): void {
    this.activeCount--;
    this.#push(lane);
  }

  /** An admitted lane has left. Returns how many are left. */
  drop(): number {
    return --this.activeCount;
  }

  /** The connection ends: parked lanes are its owner's business now. */
  clear(): void {
    this.#loaded = [];
    this.#parked = [];
  }

  /** The server allows `limit` streams; `lanes` are those of the connection. */
  resize(limit: number, lanes: readonly StreamLane[], nowMs: number): void {
    this.#limit = limit;
    for (const lane of lanes) {
      if (this.activeCount <= limit) break;
      if (lane.phase === Phase.idle) this.park(lane);
    }
    while (this.activeCount < this.#limit && this.#hasParked) {
      this.#enter(this.#takeParked(), nowMs);
    }
  }

  get #hasParked(): boolean {
    return this.#parked.length > 0 || this.#loaded.length > 0;
  }

  #takeParked(): StreamLane {
    return (this.#loaded.shift() ?? this.#parked.shift())!;
  }

  #enter(lane: StreamLane, nowMs: number): void {
    this.activeCount++;
    lane.admitted(nowMs);
  }

  #push(lane: StreamLane): void {
    lane.phase = Phase.parked;
    lane.isUnsent = false;
    (lane.outstanding > 0 ? this.#loaded : this.#parked).push(lane);
  }
}
