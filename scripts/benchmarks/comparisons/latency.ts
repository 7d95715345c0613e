import type { GaugeComparison } from "../comparison.ts";
import { hayateProxy, hayateText } from "../contenders/hayate.ts";
import { nginxProxy, nginxReturn } from "../contenders/nginx.ts";
import { p99AtHalfLoad } from "../gauges/half_load.ts";

export const serveLatency: GaugeComparison = {
  name: "serve-latency",
  title: "p99 of servers at half of the maximum load, one worker",
  judged: "gauge",
  unit: "us",
  programs: ["nginx"],
  settings: (["tcp", "unix"] as const).map((transport) =>
    p99AtHalfLoad(transport, [hayateText, nginxReturn])
  ),
  isCore: false,
};

export const proxyLatency: GaugeComparison = {
  name: "proxy-latency",
  title: "p99 of reverse proxies at half of the maximum load, one worker",
  judged: "gauge",
  unit: "us",
  programs: ["nginx"],
  settings: (["tcp", "unix"] as const).map((transport) =>
    p99AtHalfLoad(transport, [hayateProxy, nginxProxy], nginxReturn)
  ),
  isCore: false,
};
