/** When the listeners of a server accept: not while it is full, and not while it steps aside. */
import type { AcceptHandler, Listener } from "../net/reactor.ts";

export interface GateParts {
  /** Open connections at which accepting rests; 0: any number. */
  readonly connectionsMax: number;
  connectionCount(): number;
}

export class AcceptGate {
  readonly #parts: GateParts;
  #listeners: readonly Listener[] = [];
  #shared: readonly Listener[] = [];
  #isFull = false;
  #isPaused = false;
  #isClosed = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** At the limit accepting rests: who comes waits in the kernel's queue (h2o does so, too). */
  limited(onAccept: AcceptHandler): AcceptHandler {
    if (this.#parts.connectionsMax === 0) return onAccept;
    return (socket, listener) => {
      const handler = onAccept(socket, listener);
      if (!this.#isFull && !this.#hasRoom) {
        this.#isFull = true;
        this.#settle();
      }
      return handler;
    };
  }

  /** A connection has ended. */
  readonly left = (): void => {
    if (!this.#isFull || !this.#hasRoom) return;
    this.#isFull = false;
    this.#settle();
  };

  /** These accept from now on; the `shared` ones of them have others who accept from them, too. */
  open(listeners: readonly Listener[], shared: readonly Listener[]): void {
    this.#listeners = listeners;
    this.#shared = shared;
    this.#settle();
  }

  /** Leaves clients to others. Who comes where nobody else accepts is served here all the same. */
  pause(): void {
    this.#isPaused = true;
    this.#settle();
  }

  resume(): void {
    this.#isPaused = false;
    this.#settle();
  }

  /** The listeners are closed, or a successor's, from now on. */
  close(): void {
    this.#isClosed = true;
  }

  get #hasRoom(): boolean {
    return this.#parts.connectionCount() < this.#parts.connectionsMax;
  }

  #settle(): void {
    if (this.#isClosed) return;
    for (const listener of this.#listeners) {
      const isLeft = this.#isPaused && this.#shared.includes(listener);
      if (!this.#isFull && !isLeft) listener.resume();
      else listener.pause();
    }
  }
}
