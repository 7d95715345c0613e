/** PROXY headers to peers: each connection begins with the client's address. */
import type { UpstreamConnection } from "../../../conn/upstream/upstream_connection.ts";
import type { Exchange } from "../../../conn/exchange.ts";
import type { KeepalivePool } from "../../../conn/upstream/keepalive_pool.ts";
import { type ProxyVersion, relayedHeader } from "../../../proxy_protocol/mod.ts";
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
    pool: KeepalivePool,
    isTls: boolean,
    exchange: Exchange,
    facts: ConnectionFacts,
  ): UpstreamConnection {
    const header = relayedHeader(
      this.version,
      facts.clientAddress,
      exchange.connection.localAddress(),
    );
    this.#header = header;
    const connection = pool.connect();
    if (!isTls) connection.writePreface(header);
    return connection;
  }
}
