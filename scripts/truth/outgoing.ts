/** What a connection of the truth server writes: what the peer does not take waits. */
import type { Socket } from "../../mod/net/reactor.ts";
import type { PeerHost } from "./server.ts";

export class Outgoing {
  readonly #host: PeerHost;
  #waiting: Uint8Array = new Uint8Array(0);
  #isLast = false;

  constructor(host: PeerHost) {
    this.#host = host;
  }

  write(socket: Socket, bytes: Uint8Array): void {
    this.#host.records.bytesOut += bytes.length;
    const held = new Uint8Array(this.#waiting.length + bytes.length);
    held.set(this.#waiting);
    held.set(bytes, this.#waiting.length);
    this.#waiting = held;
    this.drain(socket);
  }

  /** Closes once all is written. */
  close(socket: Socket): void {
    this.#isLast = true;
    this.drain(socket);
  }

  drain(socket: Socket): void {
    const written = socket.write(this.#waiting, 0, this.#waiting.length);
    this.#waiting = this.#waiting.subarray(written);
    if (this.#isLast && this.#waiting.length === 0) socket.close();
  }
}
