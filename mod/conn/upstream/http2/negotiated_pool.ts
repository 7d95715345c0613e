/** The connections to one TLS peer, which chooses the version of HTTP in its handshake (ALPN). */
import type { Reactor } from "../../../net/reactor.ts";
import { type AddressSource, type Connector, Dialer, type OpenedConnection } from "../dial.ts";
import type { KeepalivePool } from "../keepalive_pool.ts";
import type { UpstreamExchange } from "../upstream_exchange.ts";
import type { NegotiatedExchange } from "./negotiated_exchange.ts";
import { Negotiation, type NegotiationHost } from "./negotiation.ts";
import { type SharedPool, unsettledStreamsMax } from "./shared_pool.ts";

/** The name that the peer chooses for HTTP/2 (RFC 9113 3.2). */
export const http2Protocol = "h2";

export class NegotiatedPool implements NegotiationHost {
  readonly reactor: Reactor;
  readonly dialer: Dialer;
  readonly connectTimeoutMs: number;
  readonly #shared: SharedPool;
  readonly #http1: KeepalivePool;
  /** Requests join it while the peer is thought to speak HTTP/2. */
  #negotiation: Negotiation | null = null;
  /** What the peer chose last: requests do not wait for each other's connections then. */
  #choseHttp1 = false;

  /** `connector` offers both versions, those of the pools are not used for new connections. */
  constructor(
    source: AddressSource,
    shared: SharedPool,
    http1: KeepalivePool,
    connector: Connector,
  ) {
    this.reactor = shared.reactor;
    this.dialer = new Dialer(source, connector);
    this.connectTimeoutMs = shared.options.connectTimeoutMs;
    this.#shared = shared;
    this.#http1 = http1;
  }

  get idleCount(): number {
    return this.#shared.idleCount;
  }

  /** See `SharedPool.requiresHttp1`. */
  get requiresHttp1(): boolean {
    return this.#shared.requiresHttp1;
  }

  acquire(): UpstreamExchange {
    const shared = this.#shared.tryAcquire();
    if (shared !== null) return shared;
    if (this.#choseHttp1) {
      if (this.#http1.idleCount > 0) return this.#http1.acquire();
      return new Negotiation(this).join();
    }
    const limit = Math.min(this.#shared.streamsMax, unsettledStreamsMax);
    const current = this.#negotiation;
    if (current !== null && current.waitingCount < limit) return current.join();
    this.#negotiation = new Negotiation(this);
    return this.#negotiation.join();
  }

  /** A stream for a WebSocket where the peer takes any, else a connection with HTTP/1.1. */
  acquireForWebSocket(): UpstreamExchange {
    return this.#shared.tryAcquireForWebSocket() ?? this.#http1.acquire();
  }

  close(): void {
    this.#shared.close();
  }

  onNegotiated(
    negotiation: Negotiation,
    opened: OpenedConnection,
    waiting: readonly NegotiatedExchange[],
  ): void {
    this.onFailed(negotiation);
    this.#choseHttp1 = opened.socket.alpn !== http2Protocol;
    if (waiting.length === 0) return opened.socket.close();
    const { scratch } = this.#shared;
    scratch.enter();
    if (this.#choseHttp1) {
      waiting.forEach((exchange, index) =>
        exchange.bind(index === 0 ? this.#http1.adopt(opened) : this.#http1.connect())
      );
    } else {
      this.#shared.adopt(opened);
      for (const exchange of waiting) exchange.bind(this.#shared.tryAcquire() ?? this.acquire());
    }
    scratch.leave();
  }

  onFailed(negotiation: Negotiation): void {
    if (this.#negotiation === negotiation) this.#negotiation = null;
  }
}
