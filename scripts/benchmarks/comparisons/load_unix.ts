import type { GaugeComparison } from "../comparison.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { unixBesideTcp } from "../gauges/own_transports.ts";

export const loadUnix: GaugeComparison = {
  name: "load-unix",
  title: "what a request costs hayate load over a unix socket, and over TCP",
  judged: "gauge",
  unit: "us CPU",
  programs: ["nginx"],
  settings: [unixBesideTcp(nginxReturn, 1.3)],
  isCore: false,
};
