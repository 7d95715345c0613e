/** A socket's address: an IP literal with a port, or a path in the file system. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Longest path of a unix socket in bytes: `sun_path` has 108, including the NUL (unix(7)). */
export const unixPathBytesMax = 107;

/** `127.0.0.1:80`, `[::1]:80` or `/run/a.sock`, as Server::Starter and our log lines write it. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return address.path;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
