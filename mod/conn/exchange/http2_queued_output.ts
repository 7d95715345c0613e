/**
 * Response bytes that streams have queued: a client that shuts its windows makes a whole body wait in
 * memory for each of its streams, so their sum is bounded, for a connection and for its server.
 */

/** Bytes of queued output. */
export interface QueuedLimits {
  /** With more than this queued, a connection gets no further response. */
  readonly connectionBytesMax: number;
  /** With more than this queued by all connections, one that has a share of it gets no more. */
  readonly serverBytesMax: number;
}

/** 32 MiB and 128 MiB. */
export const defaultQueuedLimits: QueuedLimits = {
  connectionBytesMax: 33_554_432,
  serverBytesMax: 134_217_728,
};

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
  readonly #limits: QueuedLimits;

  constructor(total: QueuedTotal, limits: QueuedLimits) {
    this.#total = total;
    this.#limits = limits;
  }

  /** `change` bytes more, or fewer, are queued. */
  add(change: number): void {
    this.bytes += change;
    this.#total.bytes += change;
  }

  /** No further request is begun until the client has taken some of the output. */
  get isFull(): boolean {
    const { connectionBytesMax, serverBytesMax } = this.#limits;
    return this.bytes > connectionBytesMax ||
      (this.#total.bytes > serverBytesMax && this.bytes > shareBytesMin);
  }
}
