/** Sets of IP addresses, given as CIDR blocks. */
import { parseIp, unmapped } from "./ip.ts";

/** A block: the addresses whose first `bits` bits are those of `bytes`. */
export interface IpRange {
  /** Four or sixteen bytes; the bits after the prefix are zero. */
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** The text had bits set after the prefix, which suggests a typing error. */
  readonly hadHostBits: boolean;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; null for anything else. */
export function parseIpRange(text: string): IpRange | null {
  const [, host, bitsText] = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const parsed = host === undefined ? null : parseIp(host);
  if (parsed === null) return null;
  const bits = bitsText === undefined ? 8 * parsed.length : Number(bitsText);
  if (bits > 8 * parsed.length) return null;
  const bytes = parsed.map((byte, i) => byte & maskByte(bits, i));
  return { bytes, bits, hadHostBits: bytes.some((byte, i) => byte !== parsed[i]) };
}

/** Mask of the bits of byte `index` that belong to a prefix of `bits` bits. */
function maskByte(bits: number, index: number): number {
  const own = Math.min(8, Math.max(0, bits - 8 * index));
  return 0xff00 >> own & 0xff;
}

/** The union of several blocks. */
export class IpRanges {
  constructor(readonly ranges: readonly IpRange[]) {}

  /** `ip` has four or sixteen bytes; an IPv4-mapped IPv6 address counts as IPv4. */
  has(ip: Uint8Array): boolean {
    const bytes = unmapped(ip);
    for (let i = 0; i < this.ranges.length; i++) if (covers(this.ranges[i], bytes)) return true;
    return false;
  }
}

function covers({ bytes, bits }: IpRange, ip: Uint8Array): boolean {
  if (bytes.length !== ip.length) return false;
  for (let i = 0; 8 * i < bits; i++) {
    if ((ip[i] & maskByte(bits, i)) !== bytes[i]) return false;
  }
  return true;
}
