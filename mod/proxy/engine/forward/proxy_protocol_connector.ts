/** PROXY headers to peers: each connection begins with the client's address. */
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { type ProxyVersion, relayedHeader } from "../../../proxy_protocol/mod.ts";
import type { PeerConnections } from "./peer_connections.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";

const noHeader = new Uint8Array(0);

/**
 * Opens connections that carry one client's address. They are never reused for a second exchange:
 * the peer would attribute the next client's request to this one.
 */
export class ProxyProtocolConnector {
  readonly version: ProxyVersion;
  #header: Uint8Array = noHeader;

  constructor(version: ProxyVersion) {
    this.version = version;
  }

  /** The header of the connection being opened. */
  get header(): Uint8Array {
    return this.#header;
  }

  /**
   * Opens a connection on behalf of the exchange's client. With TLS the header precedes the
   * handshake, and the connector sends it.
   */
  connect(
    connections: PeerConnections,
    isTls: boolean,
    exchange: Exchange,
    facts: ConnectionFacts,
  ): UpstreamExchange {
    const header = relayedHeader(
      this.version,
      facts.clientAddress,
      exchange.connection.localAddress(),
    );
    this.#header = header;
    const alone = isTls ? null : connections.acquireAlone(header);
    if (alone !== null) return alone;
    const connection = connections.http1.connect();
    if (!isTls) connection.writePreface(header);
    return connection;
  }
}
