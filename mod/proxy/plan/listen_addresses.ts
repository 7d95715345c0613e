/** How the addresses of `listen` compare to each other and to inherited sockets. */
import { type Address, formatAddress } from "../../base/address.ts";
import type { StartError } from "../../base/errors.ts";
import { formatIp, parseIp } from "../../base/ip.ts";
import type { InheritedSocket } from "../../process/handover/starter_port.ts";
import type { ListenPlan } from "./plan.ts";

/** `listen: 80` means both address families; if one of them is inherited, the other is optional. */
export function hasSibling(
  plan: ListenPlan,
  plans: readonly ListenPlan[],
  unserved: readonly ListenPlan[],
): boolean {
  const { address } = plan;
  if (address.kind !== "tcp" || !isAny(address.host)) return false;
  return plans.some((other) =>
    other !== plan && !unserved.includes(other) && other.address.kind === "tcp" &&
    other.address.port === address.port && isAny(other.address.host)
  );
}

/**
 * True when the IPv6 half of `listen: PORT` may be left out after `error`: on a host without IPv6,
 * but not when the port is in use. `error` is null when the reactor cannot bind both halves.
 */
export function isOptional(
  plan: ListenPlan,
  plans: readonly ListenPlan[],
  error: StartError | null,
): boolean {
  const { address } = plan;
  if (address.kind !== "tcp" || address.host !== "::" || error?.message.includes("in use")) {
    return false;
  }
  return plans.some(({ address: other }) =>
    other.kind === "tcp" && other.port === address.port && other.host === "0.0.0.0"
  );
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** True when one of the sockets, as SERVER_STARTER_PORT names them, covers the address. */
export function isInherited(sockets: readonly InheritedSocket[], address: Address): boolean {
  const wanted = formatAddress(address);
  // `8080` is 0.0.0.0; that is enough for `listen: 8080`, which means both address families.
  const anyText = address.kind === "tcp" && isAny(address.host) ? String(address.port) : null;
  return sockets.some(({ name }) =>
    name === wanted || name === anyText || (anyText !== null && name === `0.0.0.0:${anyText}`)
  );
}

export function sameAddress(a: Address, b: Address): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && a.path === b.path;
  }
  return a.port === b.port && canonical(a.host) === canonical(b.host);
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === null ? host : formatIp(bytes);
}
