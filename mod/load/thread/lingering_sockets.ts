import type { PeerError } from "../../base/errors.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";

/**
 * Sockets whose server has announced to close. The server closes first, so that the TIME_WAIT is on
 * its side and our ephemeral port is free at once. Bounded: when full, the oldest is closed.
 */
export class LingeringSockets implements SocketHandler {
  readonly #sockets: (Socket | null)[];
  #next = 0;

  constructor(socketsMax: number) {
    this.#sockets = new Array<Socket | null>(socketsMax).fill(null);
  }

  add(socket: Socket): void {
    this.#sockets[this.#next]?.close();
    this.#sockets[this.#next] = socket;
    this.#next = (this.#next + 1) % this.#sockets.length;
    socket.handler = this;
    socket.closeWithPeer?.();
  }

  onOpen(_socket: Socket): void {}

  /** Unrequested data. */
  onData(socket: Socket): void {
    socket.close();
  }

  onDrain(_socket: Socket): void {}

  onEnd(socket: Socket): void {
    socket.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {}
}
