import type { Socket } from "../../net/reactor.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import type { Scratch } from "./scratch.ts";

/**
 * From this size, copying costs more than a separate send(2): 16 KB take 0.6 us to copy, and 5 us or
 * more to send apart from what is written next.
 */
const directBytesMin = 61_440;
/** Initial size of the queue for a slow peer. */
const queueBytesMin = 4096;

/**
 * The output side of a connection: collects small writes in the thread's scratch buffer, and queues
 * output for a slow peer. Callers bound the queue: they stop writing at `isBlocked`.
 */
export class Outlet {
  readonly scratch: Scratch;
  socket: Socket | null = null;
  #queue: Uint8Array | null = null;
  #queueStart = 0;
  #queueEnd = 0;

  constructor(scratch: Scratch) {
    this.scratch = scratch;
  }

  /** Bytes queued for the peer. */
  get queuedBytes(): number {
    return this.#queueEnd - this.#queueStart;
  }

  /** The peer is slow: write no more until `drain` returns true. */
  get isBlocked(): boolean {
    return this.#queueEnd > this.#queueStart;
  }

  /** Sends `[start, end)`, or queues a copy of what cannot be sent now. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= directBytesMin) {
      this.flush();
      this.send(bytes, start, end);
      return;
    }
    const scratch = this.scratch;
    if (scratch.owner !== this || scratch.length + length > scratch.bytes.length) this.#acquire();
    if (start === 0 && end === bytes.length) scratch.bytes.set(bytes, scratch.length);
    else copyRange(scratch.bytes, scratch.length, bytes, start, end);
    scratch.length += length;
    if (!scratch.corked) scratch.flush();
  }

  /** Sends a head, or queues what cannot be sent now. */
  writeHead(head: HeadWriter): void {
    const { length } = head;
    const scratch = this.scratch;
    if (length >= directBytesMin) return this.write(head.bytes, 0, length);
    const view = head.view();
    if (scratch.owner !== this || scratch.length + length > scratch.bytes.length) this.#acquire();
    if (scratch.length + view.length > scratch.bytes.length) {
      return this.write(head.bytes, 0, length);
    }
    // What the view has after the head is overwritten by what follows, or never sent.
    scratch.bytes.set(view, scratch.length);
    scratch.length += length;
    if (!scratch.corked) scratch.flush();
  }

  /**
   * Sends this connection's output in the scratch buffer, and that of the connections before it;
   * `isLast` as in `Socket.write`.
   */
  flush(isLast = false): void {
    this.scratch.flush(isLast ? this : null);
  }

  /** Bypasses the scratch buffer: writes to the kernel or to the queue. */
  send(bytes: Uint8Array, start: number, end: number, isLast = false): void {
    if (this.socket === null) return;
    if (this.isBlocked) return this.#enqueue(bytes, start, end);
    const sent = this.socket.write(bytes, start, end, isLast);
    if (sent < end - start) this.#enqueue(bytes, start + sent, end);
  }

  /** The socket is writable again. True when the queue is empty. */
  drain(): boolean {
    if (this.#queue === null || this.socket === null) return true;
    this.#queueStart += this.socket.write(this.#queue, this.#queueStart, this.#queueEnd);
    if (this.isBlocked) return false;
    this.#queue = null;
    this.#queueStart = this.#queueEnd = 0;
    return true;
  }

  /** Drops all output of a closed connection. */
  discard(): void {
    this.scratch.forget(this);
    this.socket = null;
    this.#queue = null;
    this.#queueStart = this.#queueEnd = 0;
  }

  #acquire(): void {
    // This connection's output has filled the buffer.
    if (this.scratch.owner === this) this.scratch.flush();
    this.scratch.acquire(this);
  }

  #enqueue(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const waiting = this.queuedBytes;
    if (this.#queue === null || this.#queueEnd + length > this.#queue.length) {
      const room = Math.max(queueBytesMin, 2 * (waiting + length));
      const larger = new Uint8Array(room);
      if (this.#queue !== null) larger.set(this.#queue.subarray(this.#queueStart, this.#queueEnd));
      this.#queue = larger;
      this.#queueStart = 0;
      this.#queueEnd = waiting;
    }
    copyRange(this.#queue, this.#queueEnd, bytes, start, end);
    this.#queueEnd += length;
  }
}

/** Up to this size a loop is faster than `set(subarray())`, which allocates a view. */
const loopBytesMax = 64;

function copyRange(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > loopBytesMax) return target.set(source.subarray(start, end), at);
  for (let i = start; i < end; i++) target[at++] = source[i];
}
