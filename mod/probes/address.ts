/** The address of `--health`. */
import type { Address } from "../base/address.ts";
import { Wrong } from "../cli/mod.ts";
import { isResolved, parseHostAddress } from "../config/addresses.ts";

/** `9000` (on 0.0.0.0), `127.0.0.1:9000`, `[::]:9000`, or an absolute path for a unix socket. */
export function readHealthAddress(text: string): Address | Wrong {
  const address = parseHostAddress(text, null);
  const wrong = new Wrong("not a port, HOST:PORT with an IP address, or an absolute path");
  if (address === null) return wrong;
  if (address.kind === "unix") return address;
  const host = address.host === "" ? "0.0.0.0" : address.host;
  const named = { ...address, host: host === "localhost" ? "127.0.0.1" : host };
  return isResolved(named) ? named : wrong;
}

/** Where a process of the same host or container asks: 127.0.0.1 for 0.0.0.0. */
export function readinessUrl(address: Address): string {
  if (address.kind === "unix") return `http://[unix:${address.path}]/readyz`;
  const { host, port } = address;
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}/readyz`;
  if (!host.includes(":")) return `http://${host}:${port}/readyz`;
  return `http://[${host === "::" ? "::1" : host}]:${port}/readyz`;
}
