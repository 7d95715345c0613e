/** The connections to one peer, and which version of HTTP a request is sent over. */
import type { KeepalivePool } from "../../../conn/upstream/keepalive_pool.ts";
import type { NegotiatedPool } from "../../../conn/upstream/http2/negotiated_pool.ts";
import { SharedPool } from "../../../conn/upstream/http2/shared_pool.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";

/** Settings of HTTP/2 for one upstream, after its own have replaced those of the path. */
export interface Http2Settings {
  /** Share of requests, in percent. */
  readonly ratio: number;
  readonly streamsMax: number;
  /** Peers without TLS speak HTTP/2, as is known beforehand. */
  readonly cleartext: boolean;
}

export class PeerConnections {
  readonly http1: KeepalivePool;
  /** Peers with TLS choose the version themselves; null: HTTP/2 is never spoken. */
  readonly http2: SharedPool | NegotiatedPool | null;
  readonly #ratio: number;
  /** Carries the shares of requests; 100 or more: the next one is sent over HTTP/2. */
  #share = 0;

  constructor(http1: KeepalivePool, http2: SharedPool | NegotiatedPool | null, ratio: number) {
    this.http1 = http1;
    this.http2 = http2;
    this.#ratio = ratio;
  }

  /**
   * Where to send a request. `isFresh`: over HTTP/1, a new connection, so that a retry does not meet
   * another stale one; a shared connection that was lost is not met again.
   */
  acquire(isFresh: boolean): UpstreamExchange {
    if (this.http2 !== null && this.#isNextHttp2()) return this.http2.acquire();
    return isFresh ? this.http1.connect() : this.http1.acquire();
  }

  /** Over HTTP/2 without TLS, on a connection that begins with `preface`; null: not spoken. */
  acquireAlone(preface: Uint8Array): UpstreamExchange | null {
    return this.http2 instanceof SharedPool ? this.http2.acquireAlone(preface) : null;
  }

  get idleCount(): number {
    return this.http1.idleCount + (this.http2?.idleCount ?? 0);
  }

  close(): void {
    this.http1.close();
    this.http2?.close();
  }

  #isNextHttp2(): boolean {
    this.#share += this.#ratio;
    if (this.#share < 100) return false;
    this.#share -= 100;
    return true;
  }
}
