/** What is written to a socket while its peer may be slow. */
import type { Socket } from "../../../net/reactor.ts";

interface Unwritten {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/** Writes in order; the handler of the socket calls `flush` in `onDrain`, and `drop` at the end. */
export class SocketWriter {
  readonly #socket: Socket;
  readonly #unwritten: Unwritten[] = [];
  #closes = false;
  /** How much waits. */
  bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Calls `taken` when the socket has all of the bytes, or has ended. */
  write(bytes: Uint8Array, taken: () => void): void {
    this.#unwritten.push({ bytes, taken });
    this.bytes += bytes.length;
    // Otherwise onDrain follows.
    if (this.#unwritten.length === 1) this.flush();
  }

  /** Sends FIN after all that was written. */
  shutdown(): void {
    this.#closes = true;
    this.flush();
  }

  flush(): void {
    while (this.#unwritten.length > 0) {
      const { bytes, taken } = this.#unwritten[0];
      const count = this.#socket.write(bytes, 0, bytes.length);
      this.bytes -= count;
      if (count < bytes.length) {
        this.#unwritten[0] = { bytes: bytes.subarray(count), taken };
        return;
      }
      this.#unwritten.shift();
      taken();
    }
    if (this.#closes) this.#socket.shutdown();
  }

  /** The socket has ended. */
  drop(): void {
    this.bytes = 0;
    for (const { taken } of this.#unwritten.splice(0)) taken();
  }
}
