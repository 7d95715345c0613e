import type { LoadConnection } from "./load_connection.ts";

/** Connections that wait for the schedule, first in, first out, so that all are used evenly. */
export class ConnectionQueue {
  readonly #ring: (LoadConnection | null)[];
  #head = 0;
  #count = 0;

  constructor(connectionsMax: number) {
    this.#ring = new Array<LoadConnection | null>(Math.max(1, connectionsMax)).fill(null);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Adds a connection; one that is already queued keeps its place. */
  add(connection: LoadConnection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.#ring[(this.#head + this.#count++) % this.#ring.length] = connection;
  }

  take(): LoadConnection {
    const connection = this.#ring[this.#head]!;
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#count--;
    connection.isQueued = false;
    return connection;
  }
}
