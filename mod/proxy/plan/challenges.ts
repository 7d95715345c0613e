/** Over which listeners the CA of `acme` may validate a name. */
import type { Address } from "../../base/address.ts";
import type { ChallengeType } from "../../acme/client/order.ts";
import type { AcmeSettings } from "../../acme/core/settings.ts";

/** What counts of a listener. */
export interface ChallengeListener {
  readonly address: Address;
  readonly isTls: boolean;
  /** It has certificates of the CA, and so answers TLS-ALPN-01. */
  readonly isManaged: boolean;
}

/**
 * The challenges that are answered on the port that the CA reaches, the preferred one first. A
 * supervisor may hold sockets that the configuration does not name, so that empty means unknown there.
 */
export function challengesOf(
  { httpPort, tlsPort }: Pick<AcmeSettings, "httpPort" | "tlsPort">,
  listeners: readonly ChallengeListener[],
): ChallengeType[] {
  const hasPort = (address: Address, port: number) =>
    address.kind === "tcp" && address.port === port;
  const found: ChallengeType[] = [];
  if (listeners.some(({ address, isTls }) => !isTls && hasPort(address, httpPort))) {
    found.push("http-01");
  }
  if (listeners.some(({ address, isManaged }) => isManaged && hasPort(address, tlsPort))) {
    found.push("tls-alpn-01");
  }
  return found;
}
