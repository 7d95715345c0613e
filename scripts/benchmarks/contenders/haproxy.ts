import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { peersOf } from "./many.ts";

function spell(address: Address): string {
  return address.kind === "unix" ? `unix@${address.path}` : `${address.host}:${address.port}`;
}

function config(
  { address, connections, certificate }: Place,
  servers: readonly string[],
): string {
  if (certificate !== null) throw new TypeError("Cannot configure HAProxy for TLS here");
  return `global
  nbthread 1
  maxconn ${connections * 2 + servers.length + 1000}
  # By default it drops idle upstream connections when a fifth of its descriptors are in use.
  tune.pool-low-fd-ratio 90
  tune.pool-high-fd-ratio 95
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
${servers.map((server, index) => `  server s${index} ${server}\n`).join("")}`;
}

export const haproxyProxy: ServerSpec = proxy((place) => [spell(place.upstream!)]);

/** In front of `count` peers; see `peersOf`. */
export function haproxyProxyOver(count: number): ServerSpec {
  return proxy((place) => peersOf(place, count));
}

function proxy(servers: (place: Place) => readonly string[]): ServerSpec {
  return {
    name: "HAProxy",
    program: "haproxy",
    files: (place) => ({ "haproxy.cfg": config(place, servers(place)) }),
    args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
  };
}
