/** Checks `--source` before a run, instead of failing at each connect. */
import type { Address } from "../../base/address.ts";
import { exitCodes, StartError } from "../../base/errors.ts";

/**
 * Throws `StartError` for an address that this machine does not have, and for both families at once. At
 * connect time the former would look like port exhaustion: the kernel returns EADDRNOTAVAIL for both
 * (bind(2), connect(2)).
 */
export async function checkSources(sources: readonly string[]): Promise<void> {
  if (sources.length === 0) return;
  const { isLocalAddress } = await import("../../net/local_address.ts");
  for (const host of sources) {
    if (!isLocalAddress(host)) refuse(host, "not an address of this machine");
    if (familyOf(host) !== familyOf(sources[0])) refuse(host, `${sources[0]} is of another family`);
  }
}

/** Those of the addresses that can be reached from the sources. Throws `StartError` when there is none. */
export function reachableFrom(
  sources: readonly string[],
  host: string,
  addresses: readonly Address[],
): readonly Address[] {
  if (sources.length === 0) return addresses;
  const [source] = sources;
  const reachable = addresses.filter((each) =>
    each.kind === "unix" || familyOf(each.host) === familyOf(source)
  );
  if (reachable.length === 0) refuse(source, `${host} has no ${familyOf(source)} address`);
  return reachable;
}

function familyOf(host: string): "IPv4" | "IPv6" {
  return host.includes(":") ? "IPv6" : "IPv4";
}

function refuse(source: string, why: string): never {
  throw new StartError(`--source ${source}: ${why}`, exitCodes.failed);
}
