/** Resolves host names as the host itself does (getaddrinfo: /etc/hosts, then DNS). */
import { parseIp } from "../base/ip.ts";
import { PeerError } from "../base/errors.ts";

/**
 * All addresses of `host`, in the system's order; an IP literal, with or without brackets, resolves
 * to itself. Failure is a `PeerError` with code `ENOTFOUND` or that of getaddrinfo.
 */
export async function resolveHost(host: string): Promise<readonly string[] | PeerError> {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (parseIp(bare) !== null) return [bare];
  // Loaded only if there is a name to resolve: most starts have none.
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(bare, { all: true });
    return [...new Set(found.map((entry) => entry.address))];
  } catch (error) {
    const code = (error as { code?: string }).code ?? "ENOTFOUND";
    return new PeerError(code, "upstream", `cannot resolve host name ${bare}`, true, error);
  }
}
