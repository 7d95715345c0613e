import type { PeerError } from "../../base/errors.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";

/**
 * Sockets whose server has announced to close. It is left to close first, so that the TIME_WAIT
 * stays on its side and our ephemeral port is free at once. Bounded: the oldest goes when it is full.
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

  /** Nobody asked for more. */
  onData(socket: Socket): void {
    socket.close();
  }

  onDrain(_socket: Socket): void {}

  onEnd(socket: Socket): void {
    socket.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {}
}
