import type { Address } from "../../base/address.ts";
import { parseIp } from "../../base/ip.ts";
import { IpRanges } from "../../base/ip_ranges.ts";
import type { PeerSetPlan } from "./plan.ts";

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
