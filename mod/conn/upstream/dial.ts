/** The addresses of a peer, and how a new connection tries them. */
import { type Address, formatAddress } from "../../base/address.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";

/** A peer as its pool sees it. */
export interface AddressSource {
  /**
   * Addresses for new connections, IPv4 first. Not empty when one is opened. Replaced as a whole when
   * the addresses change.
   */
  readonly addresses: readonly Address[];
  /** Called when a connection failed at all addresses. */
  noteUnreachable(): void;
}

/** A connection that tries the addresses of its peer. */
export interface Dialing extends SocketHandler {
  /** The peer's addresses in the order in which it tries them. */
  dialOrder: readonly Address[];
  /** Index of the address that it is connected to, or is trying. */
  dialIndex: number;
  /** Plain text sent to a TLS peer before the handshake; null: none. */
  preface: Uint8Array | null;
}

/** What is known of a connection that was established elsewhere. */
export interface OpenedConnection {
  readonly socket: Socket;
  readonly dialOrder: readonly Address[];
  readonly dialIndex: number;
}

/** Opens the socket of a connection; for peers with TLS it begins the handshake. */
export type Connector = (connection: Dialing, address: Address) => Socket;

/** Opens the sockets of a peer's connections, spread over its addresses. */
export class Dialer {
  readonly #source: AddressSource;
  readonly #connector: Connector;
  /** Counts new connections. */
  #turn = 0;

  constructor(source: AddressSource, connector: Connector) {
    this.#source = source;
    this.#connector = connector;
  }

  open(connection: Dialing): Socket {
    connection.dialOrder = dialOrder(this.#source.addresses, this.#turn++);
    connection.dialIndex = 0;
    return this.#connector(connection, connection.dialOrder[0]);
  }

  /** Opens a socket to the peer's next address after a failed connect; null: there is no other. */
  reopen(connection: Dialing): Socket | null {
    const { dialOrder } = connection;
    if (connection.dialIndex + 1 < dialOrder.length) {
      connection.dialIndex++;
      return this.#connector(connection, dialOrder[connection.dialIndex]);
    }
    this.#source.noteUnreachable();
    return null;
  }
}

/** A peer with one address that never changes. */
export function fixedAddress(address: Address): AddressSource {
  return { addresses: [address], noteUnreachable: () => {} };
}

/**
 * The order for one connection: the addresses of the first one's family, rotated to spread the load,
 * then those of the other family, on which often nothing listens (`localhost`).
 */
export function dialOrder(addresses: readonly Address[], turn: number): readonly Address[] {
  if (addresses.length < 2) return addresses;
  const isFirstFamily = (address: Address) => isV6(address) === isV6(addresses[0]);
  const first = addresses.filter(isFirstFamily);
  const others = addresses.filter((address) => !isFirstFamily(address));
  const start = turn % first.length;
  return [...first.slice(start), ...first.slice(0, start), ...others];
}

/** Whether the list has this address. */
export function hasAddress(addresses: readonly Address[], wanted: Address): boolean {
  const text = formatAddress(wanted);
  return addresses.some((address) =>
    address.kind === wanted.kind && formatAddress(address) === text
  );
}

/** Whether two lists have the same addresses in the same order. */
export function sameAddresses(left: readonly Address[], right: readonly Address[]): boolean {
  return left.length === right.length &&
    left.every((address, index) => formatAddress(address) === formatAddress(right[index]));
}

function isV6(address: Address): boolean {
  return address.kind === "tcp" && address.host.includes(":");
}
