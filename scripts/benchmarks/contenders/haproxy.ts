import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";

function spell(address: Address): string {
  return address.kind === "unix" ? `unix@${address.path}` : `${address.host}:${address.port}`;
}

function config({ address, upstream, connections, certificate }: Place): string {
  if (certificate !== null) throw new TypeError("Cannot configure HAProxy for TLS here");
  return `global
  nbthread 1
  # It drops idle upstream connections when a fifth of its descriptors are in use: plenty of them.
  maxconn ${connections * 10 + 1000}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind ${spell(address)}
  default_backend back
backend back
  server upstream ${spell(upstream!)}
`;
}

export const haproxyProxy: ServerSpec = {
  name: "HAProxy",
  program: "haproxy",
  files: (place) => ({ "haproxy.cfg": config(place) }),
  args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
};
