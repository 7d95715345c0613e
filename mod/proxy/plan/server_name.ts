/** The server name for TLS to a peer, which its certificate must contain. */
import type { PeerPlan } from "./plan.ts";

/** Returns `serverName`, or the host of `name:port` or `[v6]:port`; localhost for a unix socket. */
export function serverNameOf({ name, serverName }: PeerPlan): string {
  if (serverName !== undefined) return serverName;
  if (name.startsWith("unix:")) return "localhost";
  return name.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
