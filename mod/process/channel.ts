/**
 * The channel between a master and one of its workers: JSON messages, one per line, over a socket
 * pair, of which the worker inherits one end. Neither end blocks; the queues are bounded.
 */
import { StartError } from "../base/errors.ts";
import { libc } from "../sys/libc.ts";
import { F, fdCloexec, O } from "../sys/descriptor_flags.ts";
import { libcProcess } from "../sys/libc_process.ts";
import { AF, MSG, SOCK } from "../sys/sockaddr.ts";
import { descriptorWatch } from "./descriptor_watch.ts";
import { dropVariable, getVariable } from "./environment.ts";
import { concat } from "../std/bytes.ts";

/** Environment variable of a worker: the descriptor number of its end. */
export const channelVariable = "HAYATE_CHANNEL_FD";

/** Limit for a message, and for bytes not read by the other end. Exceeding it closes the channel. */
const bytesMax = 16 * 1024 * 1024;
const retryMs = 5;

/** Receives the events of a channel. */
export interface ChannelHandler {
  onMessage(message: unknown): void;
  /**
   * The last event: the other end has closed or exited (`fault` is ""), or sent an invalid message.
   */
  onEnd(fault: string): void;
}

/** One end of a channel. */
export class Channel {
  #fd: number;
  #unread = "";
  #unsent = new Uint8Array(0);
  #retryTimer = 0;
  readonly #decoder = new TextDecoder();

  constructor(fd: number, readonly handler: ChannelHandler) {
    this.#fd = fd;
    descriptorWatch.watch(fd, () => this.#read());
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** Sends a message; false when the channel is closed or the other end has stopped reading. */
  send(message: unknown): boolean {
    if (this.#fd < 0) return false;
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    if (this.#unsent.length + bytes.length > bytesMax) return false;
    this.#unsent = concat([this.#unsent, bytes]);
    if (this.#retryTimer === 0) this.#flush();
    return true;
  }

  /** Closes this end, without an event. */
  close(): void {
    if (this.#fd < 0) return;
    clearTimeout(this.#retryTimer);
    descriptorWatch.forget(this.#fd);
    libc.close(this.#fd);
    this.#fd = -1;
  }

  #flush(): void {
    this.#retryTimer = 0;
    while (this.#fd >= 0 && this.#unsent.length > 0) {
      const sent = libc.send(
        this.#fd,
        this.#unsent,
        this.#unsent.length,
        MSG.dontwait | MSG.nosignal,
      );
      if (sent <= 0) {
        // The pipe is full because the other end is busy, or broken, which the read side reports.
        this.#retryTimer = setTimeout(() => this.#flush(), retryMs);
        return;
      }
      this.#unsent = this.#unsent.subarray(sent);
    }
  }

  #read(): void {
    const bytes = new Uint8Array(65536);
    const count = libc.recv(this.#fd, bytes, bytes.length, MSG.dontwait);
    if (count > 0) this.#take(this.#decoder.decode(bytes.subarray(0, count), { stream: true }));
    else if (count === 0) this.#end("");
  }

  #take(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) {
      const message = parse(line);
      if (message === undefined) {
        return this.#end(`${JSON.stringify(line.slice(0, 40))} is not JSON`);
      }
      this.handler.onMessage(message);
      if (this.#fd < 0) return;
    }
    if (this.#unread.length > bytesMax) this.#end(`a message exceeds ${bytesMax} bytes`);
  }

  #end(fault: string): void {
    this.close();
    this.handler.onEnd(fault);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Invalid JSON: the caller ends the channel.
    return undefined;
  }
}

/** A new pair: the master keeps `ours`, passes `theirs` to the worker, and then closes it. */
export interface ChannelPair {
  readonly ours: Channel;
  /** Descriptor with CLOEXEC, for `SpawnRequest.descriptors`. */
  readonly theirs: number;
  /** Call it after the spawn, or the exit of the worker would never be noticed. */
  closeTheirs(): void;
}

/**
 * Opens a channel. Set `channelVariable` of the worker to the descriptor number of its end. Throws
 * `StartError` when no descriptors are left.
 */
export function openChannel(handler: ChannelHandler): ChannelPair {
  const pair = new Int32Array(2);
  if (libcProcess.socketpair(AF.unix, SOCK.stream | SOCK.cloexec, 0, pair) !== 0) {
    throw new StartError("cannot create a channel: too many open files?");
  }
  return {
    ours: new Channel(pair[0], handler),
    theirs: pair[1],
    closeTheirs: () => void libc.close(pair[1]),
  };
}

/**
 * The worker's end of the channel to its master, or null without a master. Throws `StartError` when
 * the variable is not an open descriptor.
 */
export function inheritedChannel(handler: ChannelHandler): Channel | null {
  const text = getVariable(channelVariable);
  if (text === undefined) return null;
  dropVariable(channelVariable);
  // Nine digits fit into a C int.
  const fd = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (fd < 3 || libc.fcntl(fd, F.setfd, fdCloexec) < 0) {
    const found = JSON.stringify(text.slice(0, 40));
    throw new StartError(`${channelVariable}: found ${found}, expected an open descriptor from 3`);
  }
  return new Channel(fd, handler);
}

/**
 * Opens a pipe with CLOEXEC on both ends. The read end is non-blocking, unless `blocking`.
 * Throws `StartError` when no descriptors are left.
 */
export function openPipe(
  blocking = false,
): { readonly readEnd: number; readonly writeEnd: number } {
  const pair = new Int32Array(2);
  if (libcProcess.pipe2(pair, O.cloexec) !== 0) {
    throw new StartError("cannot create a pipe: too many open files?");
  }
  if (!blocking) libc.fcntl(pair[0], F.setfl, O.nonblock);
  return { readEnd: pair[0], writeEnd: pair[1] };
}
