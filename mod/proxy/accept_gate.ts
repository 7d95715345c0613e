/** When the listeners of a server accept: not while it is full, and not while it steps aside. */
import type { AcceptHandler, Listener } from "../net/reactor.ts";

/**
 * Who has not asked for anything for so long makes room when the server is full, so many at a time: as
 * with nginx, clients that are merely kept do not shut out others for a whole idle timeout.
 */
const idleMs = 1000;
const idleCountMax = 32;

export interface GateParts {
  /** Open connections at which accepting rests; 0: any number. */
  readonly connectionsMax: number;
  connectionCount(): number;
  setTimer(delayMs: number, callback: () => void): unknown;
  closeIdle(idleMs: number, countMax: number): void;
}

export class AcceptGate {
  readonly #parts: GateParts;
  #listeners: readonly Listener[] = [];
  #shared: readonly Listener[] = [];
  #isFull = false;
  #isPaused = false;
  #isClosed = false;
  /** A timer is under way. */
  #isWaiting = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** At the limit accepting rests: who comes waits in the kernel's queue. */
  limited(onAccept: AcceptHandler): AcceptHandler {
    if (this.#parts.connectionsMax === 0) return onAccept;
    return (socket, listener) => {
      const handler = onAccept(socket, listener);
      if (!this.#isFull && !this.#hasRoom) {
        this.#isFull = true;
        this.#settle();
        this.#makeRoomLater();
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

  #makeRoomLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#parts.setTimer(idleMs, () => {
      this.#isWaiting = false;
      if (!this.#isFull || this.#isClosed) return;
      this.#parts.closeIdle(idleMs, idleCountMax);
      if (this.#isFull) this.#makeRoomLater();
    });
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
