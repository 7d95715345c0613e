import type { BatchOutput, Reactor } from "../net/reactor.ts";
import type { LoadConnection } from "./load_connection.ts";

/** Connections whose requests go out behind the callbacks of the reactor's batch. */
export class SendQueue implements BatchOutput {
  readonly #reactor: Reactor;
  readonly #waiting: LoadConnection[] = [];

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /** True: `connection.sendNow` follows. False: there is no batch to wait for the end of. */
  add(connection: LoadConnection): boolean {
    if (!this.#reactor.flushAfterBatch(this)) return false;
    this.#waiting.push(connection);
    return true;
  }

  /** Each send takes long enough for a time of its own. */
  flush(): void {
    for (let i = 0; i < this.#waiting.length; i++) this.#waiting[i].sendNow(performance.now());
    this.#waiting.length = 0;
  }
}
