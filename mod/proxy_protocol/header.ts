/** What a PROXY protocol header says, and what can be wrong with one. */
import type { Address } from "../base/address.ts";

/**
 * Longest header that is read. The protocol allows 16 + 65535 bytes, but wants every header to fit
 * into one small segment; records of TLS certificates make some longer. nginx has the same limit.
 */
export const headerBytesMax = 4096;

/** Filled by `parseProxyHeader`; the addresses are null where the connection's own count. */
export class ProxyHeader {
  version: 0 | 1 | 2 = 0;
  /** Who asked for the connection: the load balancer's client. */
  source: Address | null = null;
  /** Where that client has connected to. */
  destination: Address | null = null;

  clear(): void {
    this.version = 0;
    this.source = this.destination = null;
  }
}

/** Why bytes are no usable header. `absent` alone leaves open that they mean something else. */
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
