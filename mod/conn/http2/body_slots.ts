import type { StreamExchange } from "./stream_exchange.ts";

/**
 * Limits the request bodies of one connection that are passed on at the same time. The others are
 * held back by the windows of their streams, and have their turn in order.
 */
export class BodySlots {
  readonly #max: number;
  #used = 0;
  /** Those that wait; some of them may have ended meanwhile. */
  readonly #waiting: { exchange: StreamExchange; serial: number }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(exchange: StreamExchange): void {
    if (this.#used < this.#max) {
      this.#used++;
      exchange.hasBodySlot = true;
      return;
    }
    exchange.input.isHeld = true;
    // Bounded by the streams of the connection: what has ended leaves when the next one is added.
    const { serial } = exchange;
    const live = this.#waiting.filter((one) => one.exchange.serial === one.serial);
    this.#waiting.splice(0, Infinity, ...live, { exchange, serial });
  }

  /** An exchange that has a slot needs it no more. */
  leave(former: StreamExchange): void {
    former.hasBodySlot = false;
    this.#used--;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { exchange, serial } = next;
      if (exchange.serial !== serial) continue;
      this.#used++;
      exchange.hasBodySlot = true;
      return exchange.input.release();
    }
  }
}
