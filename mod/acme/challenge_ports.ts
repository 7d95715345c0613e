/** Over which sockets a CA may validate a name. Pure. */
import type { Address } from "../base/address.ts";
import type { ChallengeType } from "./client/order.ts";

/** What counts of a socket. */
export interface ChallengeSocket {
  readonly address: Address;
  readonly tls: boolean;
}

/** The ports that a CA asks on (RFC 8555 8.3, RFC 8737 3). */
const askedPorts = { "http-01": 80, "tls-alpn-01": 443 } as const;

/**
 * The challenges that sockets can answer, the preferred one first: one on the port that the CA asks
 * on. Any other port counts as well, as 80 or 443 may be forwarded to it.
 */
export function challengesOver(sockets: readonly ChallengeSocket[]): readonly ChallengeType[] {
  const portsOf = (isTls: boolean) =>
    sockets.flatMap(({ address, tls }) =>
      address.kind === "tcp" && tls === isTls ? [address.port] : []
    );
  const found = [
    { type: "http-01", ports: portsOf(false) },
    { type: "tls-alpn-01", ports: portsOf(true) },
  ] as const;
  const answered = found.filter(({ ports }) => ports.length > 0);
  const isAsked = ({ type, ports }: typeof found[number]) => ports.includes(askedPorts[type]);
  return [...answered.filter(isAsked), ...answered.filter((one) => !isAsked(one))]
    .map(({ type }) => type);
}
