/** Connections that wait for the schedule, first in, first out, so that all are used evenly. */
export class ConnectionQueue<Connection extends { isQueued: boolean }> {
  readonly #ring: (Connection | null)[];
  #head = 0;
  #count = 0;

  constructor(connectionsMax: number) {
    this.#ring = new Array<Connection | null>(Math.max(1, connectionsMax)).fill(null);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Adds a connection; one that is already queued keeps its place. */
  add(connection: Connection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.#ring[(this.#head + this.#count++) % this.#ring.length] = connection;
  }

  take(): Connection {
    const connection = this.#ring[this.#head]!;
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#count--;
    connection.isQueued = false;
    return connection;
  }
}
