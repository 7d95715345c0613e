import type { PeerError } from "../../base/errors.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";
import type { FrameQueue } from "./web_socket_output.ts";

/** How long a client may take to read our close frame and to close. */
const lingerMs = 2_000;

/**
 * Ends a connection behind its close frame. Closing while the client still sends makes the kernel
 * reset the connection, and the reset may overtake the close frame; so we end our side first and
 * throw away what still arrives.
 */
export class Linger implements SocketHandler {
  readonly #output: FrameQueue;
  readonly #timer: number;

  /** `output`: what waits, the close frame at its end. */
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
