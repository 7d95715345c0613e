import { exitCodes, StartError } from "../base/errors.ts";

/**
 * Throws `StartError` for an address that this machine does not have. At a connect it would look as
 * if ports had run out: EADDRNOTAVAIL is the kernel's word for both (bind(2), connect(2)).
 */
export async function checkSources(sources: readonly string[]): Promise<void> {
  if (sources.length === 0) return;
  const { isLocalAddress } = await import("../net/local_address.ts");
  for (const host of sources) {
    if (isLocalAddress(host)) continue;
    throw new StartError(`--source ${host}: no address of this machine`, exitCodes.failed);
  }
}
