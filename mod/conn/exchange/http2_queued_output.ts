/**
 * Response bytes that streams have queued: a client that shuts its windows makes a whole body wait in
 * memory for each of its streams, so their sum is bounded, for a connection and for its server.
 */

/** With more than this queued, a connection gets no further response: 32 MiB. */
export const connectionBytesMax = 33_554_432;
/** With this much queued by all connections, one that has a share of it gets no more: 128 MiB. */
export const serverBytesMax = 134_217_728;
/** A connection with less queued is not to blame, and is still answered: 256 KiB. */
export const shareBytesMin = 262_144;

/** The sum over all connections of a server. */
export interface QueuedTotal {
  bytes: number;
}

/** The output that the streams of one connection have queued. */
export class QueuedOutput {
  bytes = 0;
  readonly #total: QueuedTotal;

  constructor(total: QueuedTotal) {
    this.#total = total;
  }

  /** `change` bytes more, or fewer, are queued. */
  add(change: number): void {
    this.bytes += change;
    this.#total.bytes += change;
  }

  /** No further request is begun until the client has taken some of the output. */
  get isFull(): boolean {
    return this.bytes > connectionBytesMax ||
      (this.#total.bytes > serverBytesMax && this.bytes > shareBytesMin);
  }
}
