/** A parsed PROXY protocol header, and the faults that one can have. */
import type { Address } from "../base/address.ts";

/**
 * Longest accepted header. The protocol allows 16 + 65535 bytes but expects headers to fit into one
 * small segment; TLS certificate records make some longer. nginx has the same limit.
 */
export const headerBytesMax = 4096;

/** Filled by `parseProxyHeader`. Null addresses mean: use those of the connection itself. */
export class ProxyHeader {
  version: 0 | 1 | 2 = 0;
  /** The original client, as seen by the load balancer. */
  source: Address | null = null;
  /** The address that the client connected to. */
  destination: Address | null = null;

  clear(): void {
    this.version = 0;
    this.source = this.destination = null;
  }
}

/** Why bytes are not a usable header. Only with `absent` they may be another protocol. */
export const HeaderFault = {
  /** The bytes begin neither as version 1 nor as version 2. */
  absent: -1,
  line: -2,
  lineLength: -3,
  version: -4,
  command: -5,
  family: -6,
  addresses: -7,
  length: -8,
} as const;
export type HeaderFault = typeof HeaderFault[keyof typeof HeaderFault];

const phrases: Readonly<Record<HeaderFault, string>> = {
  [HeaderFault.absent]: "there is no header",
  [HeaderFault.line]: "the line is malformed",
  [HeaderFault.lineLength]: "the line is longer than 107 bytes",
  [HeaderFault.version]: "the version is not 2",
  [HeaderFault.command]: "the command is neither LOCAL nor PROXY",
  [HeaderFault.family]: "the address family or the transport is unknown",
  [HeaderFault.addresses]: "the header is too short for its addresses",
  [HeaderFault.length]: `the header is longer than ${headerBytesMax} bytes`,
};

/** For log lines. */
export function describeHeaderFault(fault: number): string {
  return phrases[fault as HeaderFault];
}
