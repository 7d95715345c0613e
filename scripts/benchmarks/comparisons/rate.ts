import type { GaugeComparison } from "../comparison.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { rateKept } from "../gauges/rate.ts";

export const loadRate: GaugeComparison = {
  name: "load-rate",
  title: "how far an open loop is from the requested rate",
  judged: "gauge",
  unit: "%",
  programs: ["nginx"],
  settings: [rateKept(50_000, nginxReturn)],
  isCore: false,
};
