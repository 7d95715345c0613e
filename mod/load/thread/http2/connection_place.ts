/** One of the connections of -c: the lanes that share it, and the one that carries them now. */
import { FailedConnects } from "../failed_connects.ts";
import type { GroupState } from "../group_state.ts";
import type { LaneParts } from "../lane.ts";
import type { GroupRequests } from "./group_requests.ts";
import { type Http2Parts, StreamConnection } from "./stream_connection.ts";
import { StreamLane } from "./stream_lane.ts";

export class ConnectionPlace {
  readonly group: GroupState;
  readonly requests: GroupRequests;
  readonly lanes: StreamLane[] = [];
  readonly failedConnects = new FailedConnects();
  readonly #parts: LaneParts;
  readonly #http2: Http2Parts;
  /** Number of the connection in the whole run. */
  readonly #index: number;
  #current: StreamConnection | null = null;

  constructor(parts: LaneParts, http2: Http2Parts, requests: GroupRequests, index: number) {
    this.#parts = parts;
    this.#http2 = http2;
    this.requests = requests;
    this.group = requests.group;
    this.#index = index;
  }

  addLane(): StreamLane {
    const lane = new StreamLane(this.#parts, this);
    this.lanes.push(lane);
    return lane;
  }

  /** Puts the lane on the connection, which is made if there is none. */
  join(lane: StreamLane, nowMs: number): void {
    if (this.#current !== null) return this.#current.join(lane, nowMs);
    const connection = new StreamConnection(this.#parts, this.#http2, this, this.#index);
    this.#current = connection;
    connection.join(lane, nowMs);
    connection.connect(nowMs);
  }

  /** The connection takes no more lanes. */
  forget(connection: StreamConnection): void {
    if (this.#current === connection) this.#current = null;
  }

  /** The lanes on `connection`, or waiting for it. */
  lanesOf(connection: StreamConnection): StreamLane[] {
    return this.lanes.filter((lane) => lane.connection === connection);
  }
}
