import type { PeerError } from "../../base/errors.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";
import type { FrameQueue } from "./web_socket_output.ts";

/** How long a client may take to read the close frame and to close. */
const lingerMs = 2_000;

/**
 * Closes a connection after its close frame. Closing while the client still sends makes the kernel
 * reset the connection, and the reset may overtake the close frame. So the sending side is shut
 * down first, and further input is discarded.
 */
export class Linger implements SocketHandler {
  readonly #output: FrameQueue;
  readonly #timer: number;

  /** `output`: queued frames, ending with the close frame. */
  constructor(socket: Socket, output: FrameQueue) {
    this.#output = output;
    this.#timer = setTimeout(() => socket.abort(), lingerMs);
    socket.handler = this;
    this.onDrain(socket);
  }

  onOpen(): void {}
  onData(): void {}

  onDrain(socket: Socket): void {
    this.#output.flush(socket);
    if (this.#output.length === 0) socket.shutdown();
  }

  onEnd(socket: Socket): void {
    clearTimeout(this.#timer);
    socket.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {
    clearTimeout(this.#timer);
  }
}
