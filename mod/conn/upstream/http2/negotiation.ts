import type { Address } from "../../../base/address.ts";
import { PeerError } from "../../../base/errors.ts";
import { Deadline } from "../../../base/timer_wheel.ts";
import type { Reactor, Socket } from "../../../net/reactor.ts";
import type { Dialer, Dialing, OpenedConnection } from "../dial.ts";
import { type Awaited, NegotiatedExchange } from "./negotiated_exchange.ts";

/** What a negotiation needs of its pool. */
export interface NegotiationHost {
  readonly reactor: Reactor;
  readonly dialer: Dialer;
  readonly connectTimeoutMs: number;
  /** The handshake is done, and these exchanges wait for it. */
  onNegotiated(
    negotiation: Negotiation,
    opened: OpenedConnection,
    waiting: readonly NegotiatedExchange[],
  ): void;
  /** It has failed. */
  onFailed(negotiation: Negotiation): void;
}

/** A TLS connection whose version of HTTP is not known yet, and the exchanges that wait for it. */
export class Negotiation extends Deadline implements Dialing, Awaited, OpenedConnection {
  dialOrder: readonly Address[] = [];
  dialIndex = 0;
  readonly preface = null;
  socket: Socket;
  readonly #host: NegotiationHost;
  readonly #waiting = new Set<NegotiatedExchange>();
  #isOver = false;

  constructor(host: NegotiationHost) {
    super();
    this.#host = host;
    this.socket = host.dialer.open(this);
    this.#arm();
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get address(): Address {
    return this.dialOrder[this.dialIndex];
  }

  /** An exchange that waits for this connection. */
  join(): NegotiatedExchange {
    const exchange = new NegotiatedExchange(this);
    this.#waiting.add(exchange);
    return exchange;
  }

  withdraw(exchange: NegotiatedExchange): void {
    this.#waiting.delete(exchange);
  }

  onOpen(): void {
    this.#end();
    this.#host.onNegotiated(this, this, [...this.#waiting]);
  }

  onData(): void {}
  onDrain(): void {}

  onEnd(): void {
    this.#fail(new PeerError("EEOF", "upstream", "peer closed the connection", true));
  }

  onClose(_socket: Socket, error: PeerError): void {
    if (error.code === "ETLS" || !this.#tryNextAddress()) this.#fail(error);
  }

  override onDeadline(): void {
    const { socket } = this;
    if (!this.#tryNextAddress()) {
      this.#fail(new PeerError("ETIMEDOUT", "upstream", "connect timed out", true));
    }
    socket.close();
  }

  #tryNextAddress(): boolean {
    const next = this.#isOver ? null : this.#host.dialer.reopen(this);
    if (next === null) return false;
    this.socket = next;
    this.#arm();
    return true;
  }

  #arm(): void {
    const { reactor, connectTimeoutMs } = this.#host;
    reactor.wheel.arm(this, reactor.nowMs + (connectTimeoutMs || Infinity));
  }

  #end(): void {
    this.#isOver = true;
    this.#host.reactor.wheel.disarm(this);
  }

  #fail(error: PeerError): void {
    if (this.#isOver) return;
    this.#end();
    this.socket.close();
    this.#host.onFailed(this);
    for (const exchange of [...this.#waiting]) exchange.fail(error);
    this.#waiting.clear();
  }
}
