import { type Address, formatAddress } from "../base/address.ts";

/**
 * Why nothing can listen on `address`, in one line that the user can act on. `code` is the name of
 * the errno, `phrase` its meaning.
 */
export function listenFault(address: Address, code: string, phrase: string): string {
  const where = formatAddress(address);
  if (code === "EADDRINUSE") return `${where} in use: another process listens on it`;
  if (code === "EADDRNOTAVAIL") return `${where}: this host has no such address`;
  if (code === "EACCES" && address.kind === "tcp" && address.port < 1024) {
    return `${where}: no permission; ports below 1024 need root or CAP_NET_BIND_SERVICE`;
  }
  return `${where}: cannot listen: ${phrase}`;
}
