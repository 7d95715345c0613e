import type { Address } from "../base/address.ts";
import { parseIp } from "../base/ip.ts";
import { IpRanges } from "../base/ip_ranges.ts";
import type { PeerSetPlan } from "./plan.ts";

/** Peers that are treated in their own way: a load balancer's addresses, for example. */
export class PeerSet {
  readonly ranges: IpRanges;
  readonly #unix: boolean;

  constructor(plan: PeerSetPlan) {
    this.ranges = new IpRanges(plan.ranges);
    this.#unix = plan.unix;
  }

  /** `ip`: the bytes of the address where they are known already. */
  has(address: Address, ip: Uint8Array | null = null): boolean {
    if (address.kind === "unix") return this.#unix;
    const bytes = ip ?? parseIp(address.host);
    return bytes !== null && this.ranges.has(bytes);
  }
}
