import type { ServerComparison } from "../comparison.ts";
import { hayateLadenProxy, hayateProxy } from "../contenders/hayate.ts";
import { nginxReturnOn } from "../contenders/nginx.ts";

const peerCount = 20;

/** The cost of our optional features: at most 10% more CPU time per request. */
export const proxyLaden: ServerComparison = {
  name: "proxy-laden",
  title: `hayate proxy with ${peerCount} peers, least_conn, checks, log and metrics; and plain`,
  judged: "server",
  upstreams: [nginxReturnOn(peerCount)],
  contenders: [hayateLadenProxy(peerCount), hayateProxy],
  transports: ["tcp"],
  connections: [50],
  // Varied heads, as all rows that name no others.
  goal: 1 / 1.1,
  isCore: false,
};
