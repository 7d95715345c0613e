/**
 * Converts `Address` to and from struct sockaddr_in, sockaddr_in6 and sockaddr_un (ip(7), ipv6(7),
 * unix(7)).
 */
import { type Address, unixPathBytesMax } from "../base/address.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { O } from "./descriptor_flags.ts";

/** Address families and socket constants of Linux; the same on x86-64 and arm64. */
export const AF = { unix: 1, inet: 2, inet6: 10 } as const;
export const SOCK = {
  stream: 1,
  dgram: 2,
  seqpacket: 5,
  nonblock: O.nonblock,
  cloexec: O.cloexec,
} as const;
export const SOL = { socket: 1, ip: 0, tcp: 6, ipv6: 41, tls: 282 } as const;
export const SO = {
  reuseaddr: 2,
  type: 3,
  error: 4,
  sndbuf: 7,
  linger: 13,
  peercred: 17,
  reuseport: 15,
  attachFilter: 26,
  acceptconn: 30,
  protocol: 38,
  meminfo: 55,
} as const;
export const TCP = { nodelay: 1, info: 11, congestion: 13, ulp: 31 } as const;
/** Of linux/tls.h. */
export const TLS = { tx: 1, setRecordType: 1 } as const;
export const IP = { bindAddressNoPort: 24 } as const;
export const IPV6 = { v6only: 26 } as const;
export const MSG = { dontwait: 0x40, nosignal: 0x4000, more: 0x8000 } as const;

/** The address family of `address`. */
export function family(address: Address): number {
  if (address.kind === "unix") return AF.unix;
  return address.host.includes(":") ? AF.inet6 : AF.inet;
}

/**
 * Cached structs by address. A new array for each connection would cost microseconds: V8 has to
 * move its bytes off-heap before FFI can point at them.
 */
const structs = new WeakMap<Address, Uint8Array<ArrayBuffer>>();

/**
 * The struct for `bind` and `connect`. It is cached: do not modify it. Throws RangeError for a host
 * that is not an IP literal, or a path that is too long.
 */
export function encodeSockaddr(address: Address): Uint8Array<ArrayBuffer> {
  let struct = structs.get(address);
  if (struct === undefined) {
    struct = address.kind === "unix"
      ? encodeUnix(address.path)
      : encodeTcp(address.host, address.port);
    structs.set(address, struct);
  }
  return struct;
}

function encodeUnix(path: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(path);
  if (text.length === 0 || text.length > unixPathBytesMax) {
    throw new RangeError(
      `Cannot use a socket path of ${text.length} bytes: 1 to ${unixPathBytesMax} are allowed`,
    );
  }
  const struct = new Uint8Array(2 + text.length + 1);
  struct[0] = AF.unix;
  struct.set(text, 2);
  return struct;
}

function encodeTcp(host: string, port: number): Uint8Array<ArrayBuffer> {
  const ip = parseIp(host);
  if (ip === null) throw new RangeError(`Cannot use "${host}" as an IP address`);
  const struct = new Uint8Array(ip.length === 4 ? 16 : 28);
  struct[0] = ip.length === 4 ? AF.inet : AF.inet6;
  struct[2] = port >> 8;
  struct[3] = port & 255;
  struct.set(ip, ip.length === 4 ? 4 : 8);
  return struct;
}

/**
 * Reads a struct filled by `getsockname` or `getpeername`; an unnamed unix socket has the path "".
 */
export function decodeSockaddr(struct: Uint8Array, length: number): Address {
  const kind = struct[0] | struct[1] << 8;
  if (kind === AF.unix) {
    let end = 2;
    while (end < length && struct[end] !== 0) end++;
    return { kind: "unix", path: new TextDecoder().decode(struct.subarray(2, end)) };
  }
  const port = struct[2] << 8 | struct[3];
  const ip = kind === AF.inet6 ? struct.subarray(8, 24) : struct.subarray(4, 8);
  return { kind: "tcp", host: formatIp(ip), port };
}
