/**
 * The channel between a master and one of its workers: JSON messages, one a line, over a socket
 * pair whose one end the worker inherits. Neither end ever blocks; what waits is bounded.
 */
import { StartError } from "../base/errors.ts";
import { libc } from "../sys/libc.ts";
import { F, fdCloexec, libcProcess, O } from "../sys/libc_process.ts";
import { AF, MSG, SOCK } from "../sys/sockaddr.ts";
import { descriptorWatch } from "./descriptor_watch.ts";
import { dropVariable, getVariable } from "./environment.ts";

/** Names the worker's end in its environment. */
export const channelVariable = "HAYATE_CHANNEL_FD";

/** A message of more bytes, or more bytes unread by the other end, break the channel. */
const bytesMax = 16 * 1024 * 1024;
const retryMs = 5;

/** Who hears of messages. */
export interface ChannelHandler {
  onMessage(message: unknown): void;
  /**
   * The other end has closed or died (`fault` is ""), or sent what is no message: no other follows.
   */
  onEnd(fault: string): void;
}

/** One end. */
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
    const joined = new Uint8Array(this.#unsent.length + bytes.length);
    joined.set(this.#unsent);
    joined.set(bytes, this.#unsent.length);
    this.#unsent = joined;
    if (this.#retryTimer === 0) this.#flush();
    return true;
  }

  /** Closes this end; the handler hears nothing of it. */
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
        // Full: the other end is busy. Broken: the read side will tell.
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
    // Not ours: the caller ends the channel.
    return undefined;
  }
}

/** A new pair: the master keeps `ours` and passes `theirs` to the worker, then closes it. */
export interface ChannelPair {
  readonly ours: Channel;
  /** Descriptor with CLOEXEC; name it in `SpawnRequest.descriptors`. */
  readonly theirs: number;
  /** Call it after the spawn, or the end of the worker would never be seen. */
  closeTheirs(): void;
}

/**
 * Opens a channel. The worker needs `channelVariable` set to the number its end has there. Throws
 * `StartError` without descriptors.
 */
export function openChannel(handler: ChannelHandler): ChannelPair {
  const pair = new Int32Array(2);
  if (libcProcess.socketpair(AF.unix, SOCK.stream | SOCK.cloexec, 0, pair) !== 0) {
    throw new StartError("cannot make a channel: are there too many open files?");
  }
  return {
    ours: new Channel(pair[0], handler),
    theirs: pair[1],
    closeTheirs: () => void libc.close(pair[1]),
  };
}

/**
 * The worker's end of the channel to its master, or null when there is no master. Throws
 * `StartError` when the variable names no open descriptor.
 */
export function inheritedChannel(handler: ChannelHandler): Channel | null {
  const text = getVariable(channelVariable);
  if (text === undefined) return null;
  dropVariable(channelVariable);
  // Nine digits fit into the C library's int.
  const fd = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (fd < 3 || libc.fcntl(fd, F.setfd, fdCloexec) < 0) {
    const found = JSON.stringify(text.slice(0, 40));
    throw new StartError(`${channelVariable}: found ${found}, expected an open descriptor from 3`);
  }
  return new Channel(fd, handler);
}

/**
 * A pipe of which both ends have CLOEXEC. The read end never blocks, unless `blocking`.
 * Throws `StartError` without descriptors.
 */
export function openPipe(
  blocking = false,
): { readonly readEnd: number; readonly writeEnd: number } {
  const pair = new Int32Array(2);
  if (libcProcess.pipe2(pair, O.cloexec) !== 0) {
    throw new StartError("cannot make a pipe: are there too many open files?");
  }
  if (!blocking) libc.fcntl(pair[0], F.setfl, O.nonblock);
  return { readEnd: pair[0], writeEnd: pair[1] };
}
