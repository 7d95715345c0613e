/** The name that a peer's certificate has to bear. */
import type { PeerPlan } from "./plan.ts";

/** The host of `name:port` or `[v6]:port`; a unix socket's TLS is asked for as localhost. */
export function serverNameOf({ name, serverName }: PeerPlan): string {
  if (serverName !== undefined) return serverName;
  if (name.startsWith("unix:")) return "localhost";
  return name.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
