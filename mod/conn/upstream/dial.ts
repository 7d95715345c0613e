/** The addresses of a peer, and the order in which a new connection tries them. */
import { type Address, formatAddress } from "../../base/address.ts";

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
