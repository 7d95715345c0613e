import type { BatchOutput, Reactor } from "../../net/reactor.ts";

/** A connection with a batch to send. */
export interface Sender {
  /** Sends the batch, unless already sent; `nowMs` is now. */
  sendNow(nowMs: number): void;
}

/** Connections whose requests are sent after the callbacks of the reactor's batch. */
export class SendQueue implements BatchOutput {
  readonly #reactor: Reactor;
  /** Never shortened: an emptied array would grow again step by step with each batch. */
  readonly #waiting: Sender[] = [];
  #count = 0;
  #isHeld = false;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /** Collects until `flush`, outside of a batch too. */
  hold(): void {
    this.#isHeld = true;
  }

  /** True: `connection.sendNow` follows. False: no batch is being handled. */
  add(connection: Sender): boolean {
    if (this.#count === 0 && !this.#isHeld && !this.#reactor.flushAfterBatch(this)) return false;
    this.#waiting[this.#count++] = connection;
    return true;
  }

  /** Each send takes long enough to need its own timestamp. */
  flush(): void {
    const reactor = this.#reactor, waiting = this.#waiting, count = this.#count;
    this.#count = 0;
    this.#isHeld = false;
    for (let i = 0; i < count; i++) waiting[i].sendNow(reactor.readClockMs());
  }
}
