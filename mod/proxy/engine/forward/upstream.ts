/** A running upstream: its peers, their connections and timeouts, and how peers are chosen. */
import type { Connector } from "../../../conn/upstream/dial.ts";
import { http2Protocol, NegotiatedPool } from "../../../conn/upstream/http2/negotiated_pool.ts";
import { SharedPool } from "../../../conn/upstream/http2/shared_pool.ts";
import { KeepalivePool } from "../../../conn/upstream/keepalive_pool.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { UpstreamOptions } from "../../../conn/upstream/upstream_pool.ts";
import type { Scratch } from "../../../conn/io/scratch.ts";
import type { ClientContext } from "../../../tls/client_context.ts";
import type { Reactor } from "../../../net/reactor.ts";
import type { Choice } from "../../balance/balancer.ts";
import type { Peer } from "../../balance/peer.ts";
import type { PeerGroup } from "../../balance/peer_group.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { ProxySettings } from "../../plan/plan.ts";
import { serverNameOf } from "../../plan/server_name.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { type Http2Settings, PeerConnections, type RequestKind } from "./peer_connections.ts";
import { ProxyProtocolConnector } from "./proxy_protocol_connector.ts";
import type { HashKey } from "./hash_key.ts";
import { compileSticky, type Sticky } from "./sticky.ts";
import {
  connectUpstreamTls,
  type TrustSettings,
  upstreamContext,
} from "../../../tls/upstream_tls.ts";

/** Timeouts and trust are settings of the path, not of the upstream. */
export type UpstreamSettings =
  & Pick<ProxySettings, "connectTimeoutMs" | "firstByteTimeoutMs" | "ioTimeoutMs" | "proxyProtocol">
  & Pick<ProxySettings, "http2Ratio" | "http2StreamsMax" | "http2Cleartext">
  & TrustSettings;

/** Shared by all upstreams of a reactor's thread. */
export interface UpstreamHost {
  readonly reactor: Reactor;
  readonly scratch: Scratch;
}

/** Pools of peers removed at run time are dropped when this many exceed the peer count. */
const strayPoolsMax = 64;
/** Numbers of closed upstreams, reused: peers outlive reloads, and their lists must not grow. */
const freeNumbers: number[] = [];
let lastNumber = -1;

export class Upstream {
  readonly group: PeerGroup;
  readonly settings: UpstreamSettings;
  readonly host: UpstreamHost;
  /** Makes the key of `balance: hash`; null for other balancers. */
  readonly hashKey: HashKey | null;
  /** Reads the clients' sessions; null without `sticky`. */
  readonly sticky: Sticky | null;
  readonly #pools = new Map<Peer, PeerConnections>();
  /** Of the first pool, for all: with one for each of many peers it is in no cache when it is used. */
  #parser: KeepalivePool["parser"] | null = null;
  /** Sends PROXY headers to peers; null: none are sent. */
  readonly #proxyProtocol: ProxyProtocolConnector | null;
  /** TLS trust; null if every peer is plain TCP. */
  readonly #trust: ClientContext | null;
  /** The same, for connections that offer HTTP/2. */
  readonly #trustBoth: ClientContext | null;
  /** Index of this upstream's pool in `peer.pools`. */
  readonly #http2: Http2Settings;
  #number = freeNumbers.pop() ?? ++lastNumber;

  constructor(
    group: PeerGroup,
    settings: UpstreamSettings,
    host: UpstreamHost,
    hashKey: HashKey | null,
  ) {
    this.group = group;
    this.settings = settings;
    this.host = host;
    this.hashKey = hashKey;
    const { sticky, peers, scheme } = group.plan;
    const usesTls = scheme === "https" || peers.some((peer) => peer.scheme === "https");
    // Report an unreadable CA file at start or reload, not on a request.
    this.#trust = usesTls ? upstreamContext(settings) : null;
    this.#http2 = http2Settings(group.plan, settings);
    const negotiates = usesTls && this.#http2.ratio > 0;
    this.#trustBoth = negotiates ? upstreamContext(settings, [http2Protocol, "http/1.1"]) : null;
    this.sticky = sticky === null ? null : compileSticky(sticky);
    const version = group.plan.proxyProtocol || (settings.proxyProtocol ? 1 : 0);
    this.#proxyProtocol = version === 0 ? null : new ProxyProtocolConnector(version);
  }

  /** Whether connections are reused. */
  get keepsConnections(): boolean {
    return this.#proxyProtocol === null && this.plan.keepaliveMax > 0;
  }

  /** Whether requests may leave over HTTP/2. */
  get mayUseHttp2(): boolean {
    return this.#trustBoth !== null || this.#http2.cleartext;
  }

  get plan(): PeerGroup["plan"] {
    return this.group.plan;
  }

  choose(choice: Choice): Peer | null {
    return this.group.choose(choice);
  }

  /**
   * A connection to the peer for the exchange; `isFresh` forces a new one, so that a retry does not
   * meet another stale one.
   */
  connection(
    peer: Peer,
    isFresh: boolean,
    kind: RequestKind,
    exchange: Exchange,
    facts: ConnectionFacts,
  ): UpstreamExchange {
    const connections = this.#connectionsOf(peer);
    if (this.#proxyProtocol !== null) {
      return this.#proxyProtocol.connect(connections, this.#isSecure(peer), exchange, facts);
    }
    return connections.acquire(isFresh, kind);
  }

  /** Closes idle connections; exchanges in progress continue. Do not request one afterwards. */
  close(): void {
    if (this.#number < 0) return;
    for (const [peer, pool] of this.#pools) {
      pool.close();
      peer.pools[this.#number] = undefined;
    }
    this.#pools.clear();
    freeNumbers.push(this.#number);
    this.#number = -1;
  }

  get idleCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.idleCount;
    return count;
  }

  #isSecure({ plan: { scheme } }: Peer): boolean {
    return (scheme ?? this.plan.scheme) === "https";
  }

  /** TLS with the peer's own server name; null for plain TCP. */
  #connectorTo(peer: Peer, context: ClientContext | null): Connector | null {
    if (context === null || !this.#isSecure(peer)) return null;
    const { reactor } = this.host;
    const serverName = serverNameOf(peer.plan);
    const proxyProtocol = this.#proxyProtocol;
    return (connection, address) => {
      // Kept for retries at the peer's next address: by then the connector has another client's
      // header.
      if (proxyProtocol !== null) connection.preface ??= proxyProtocol.header;
      return connectUpstreamTls(
        reactor,
        address,
        connection,
        context,
        serverName,
        connection.preface,
      );
    };
  }

  #connectionsOf(peer: Peer): PeerConnections {
    const known = peer.pools[this.#number] as PeerConnections | undefined;
    return known ?? this.#addPool(peer);
  }

  #addPool(peer: Peer): PeerConnections {
    this.#dropStrays();
    const { plan, settings, host } = this;
    const { reactor, scratch } = host;
    const options: Partial<UpstreamOptions> = {
      connectTimeoutMs: settings.connectTimeoutMs,
      firstByteTimeoutMs: settings.firstByteTimeoutMs,
      responseTimeoutMs: settings.ioTimeoutMs,
      idleTimeoutMs: plan.keepaliveTimeoutMs,
      idleMax: this.keepsConnections ? plan.keepaliveMax : 0,
      exchangesMax: plan.keepaliveRequestsMax,
    };
    const { ratio, streamsMax, cleartext } = this.#http2;
    const http1 = new KeepalivePool(
      reactor,
      peer,
      scratch,
      options,
      this.#connectorTo(peer, this.#trust),
      this.#parser,
    );
    this.#parser ??= http1.parser;
    const isHttp2 = this.#isSecure(peer) ? ratio > 0 : cleartext;
    const shared = isHttp2
      ? new SharedPool(reactor, peer, scratch, {
        ...options,
        streamsMax,
        counters: this.group.http2,
      })
      : null;
    const both = shared === null ? null : this.#connectorTo(peer, this.#trustBoth);
    const http2 = shared === null || both === null
      ? shared
      : new NegotiatedPool(peer, shared, http1, both);
    const connections = new PeerConnections(http1, http2, ratio);
    this.#pools.set(peer, connections);
    peer.pools[this.#number] = connections;
    return connections;
  }

  #dropStrays(): void {
    const { peers } = this.group;
    if (this.#pools.size <= peers.length + strayPoolsMax) return;
    for (const [peer, pool] of this.#pools) {
      if (peers.includes(peer)) continue;
      pool.close();
      this.#pools.delete(peer);
      peer.pools[this.#number] = undefined;
    }
  }
}

function http2Settings({ http2 }: PeerGroup["plan"], settings: UpstreamSettings): Http2Settings {
  return {
    ratio: http2.ratio ?? settings.http2Ratio,
    streamsMax: http2.streamsMax ?? settings.http2StreamsMax,
    cleartext: http2.cleartext ?? settings.http2Cleartext,
  };
}
