import type { ServedConnection } from "./server_host.ts";

/**
 * The open connections of a server, the oldest first. The links are in the connections themselves: a
 * Set costs a tenth of our own work for a connection with one request.
 */
export class ConnectionList {
  #count = 0;
  #oldest: ServedConnection | null = null;
  #newest: ServedConnection | null = null;
  /** The next connection that `visit` calls its visitor with. */
  #next: ServedConnection | null = null;

  get count(): number {
    return this.#count;
  }

  add(connection: ServedConnection): void {
    connection.isListed = true;
    connection.older = this.#newest;
    if (this.#newest === null) this.#oldest = connection;
    else this.#newest.newer = connection;
    this.#newest = connection;
    this.#count++;
  }

  /** False: it was not in the list. */
  remove(connection: ServedConnection): boolean {
    if (!connection.isListed) return false;
    const { older, newer } = connection;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    if (this.#next === connection) this.#next = newer;
    // A dead connection must not hold others in memory.
    connection.older = connection.newer = null;
    connection.isListed = false;
    this.#count--;
    return true;
  }

  /**
   * Calls `visitor` with each, until it returns false. It may remove any of them; it may not start
   * another visit.
   */
  visit(visitor: (connection: ServedConnection) => boolean | void): void {
    for (let at = this.#oldest; at !== null; at = this.#next) {
      this.#next = at.newer;
      if (visitor(at) === false) break;
    }
    this.#next = null;
  }
}
