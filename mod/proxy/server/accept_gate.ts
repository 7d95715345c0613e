/** Pauses the listeners of a server while it is full and while it leaves clients to others. */
import type { AcceptHandler, Listener } from "../../net/reactor.ts";

/**
 * When the server is full, connections that have been idle for this long are closed, at most this
 * many at a time. As in nginx, idle clients do not keep others out for a whole idle timeout.
 */
const idleMs = 1000;
const idleCountMax = 32;

export interface GateParts {
  /** Number of open connections at which accepting pauses; 0: no limit. */
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
  /** The timer of `#makeRoomLater` is set. */
  #isWaiting = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Pauses accepting at the limit: further clients wait in the kernel's accept queue. */
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

  /** Call when a connection has ended: accepts again if that made room. */
  readonly left = (): void => {
    if (!this.#isFull || !this.#hasRoom) return;
    this.#isFull = false;
    this.#settle();
  };

  /** Sets the listeners that accept from now on; `shared`: other processes accept there, too. */
  open(listeners: readonly Listener[], shared: readonly Listener[]): void {
    this.#listeners = listeners;
    this.#shared = shared;
    this.#settle();
  }

  /** Leaves clients to other processes. Listeners that no other process shares still accept. */
  pause(): void {
    this.#isPaused = true;
    this.#settle();
  }

  resume(): void {
    this.#isPaused = false;
    this.#settle();
  }

  /** From now on the listeners are closed or belong to a successor: leaves them unchanged. */
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
