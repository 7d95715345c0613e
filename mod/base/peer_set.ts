import type { Address } from "./address.ts";
import { parseIp } from "./ip.ts";
import { type IpRange, IpRanges } from "./ip_ranges.ts";

/** Peers by address, and whether all peers on unix sockets belong to the set. */
export interface PeerSetPlan {
  readonly ranges: readonly IpRange[];
  readonly unix: boolean;
}

/** A set of peers by address, for example the load balancers in front of this server. */
export class PeerSet {
  readonly ranges: IpRanges;
  readonly #unix: boolean;

  constructor(plan: PeerSetPlan) {
    this.ranges = new IpRanges(plan.ranges);
    this.#unix = plan.unix;
  }

  /** `ip`: the bytes of the address, if known, to avoid parsing it. */
  has(address: Address, ip: Uint8Array | null = null): boolean {
    if (address.kind === "unix") return this.#unix;
    const bytes = ip ?? parseIp(address.host);
    return bytes !== null && this.ranges.has(bytes);
  }
}
