/** The connections to one peer, and which version of HTTP a request is sent over. */
import type { KeepalivePool } from "../../../conn/upstream/keepalive_pool.ts";
import { NegotiatedPool } from "../../../conn/upstream/http2/negotiated_pool.ts";
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

/** What a request needs of its connection. */
export const RequestKind = { plain: 0, webSocket: 1, grpc: 2 } as const;
export type RequestKind = typeof RequestKind[keyof typeof RequestKind];

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
  acquire(isFresh: boolean, kind: RequestKind): UpstreamExchange {
    const { http2 } = this;
    // gRPC has no form in HTTP/1.
    const isHttp2 = http2 !== null && (kind === RequestKind.grpc ||
      (this.#isNextHttp2() && !http2.requiresHttp1));
    if (!isHttp2) return isFresh ? this.http1.connect() : this.http1.acquire();
    if (kind !== RequestKind.webSocket) return http2.acquire();
    const isChosen = http2 instanceof NegotiatedPool;
    return isFresh && isChosen ? this.http1.connect() : http2.acquireForWebSocket();
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
