import type { GaugeComparison } from "../comparison.ts";
import { lostOverRestarts } from "../gauges/restarts.ts";

export const restarts: GaugeComparison = {
  name: "restarts",
  title: "requests lost while a supervisor changes generations of hayate serve",
  judged: "gauge",
  unit: "lost",
  programs: ["start_server"],
  settings: [
    lostOverRestarts("tcp, 50 connections, a connection per request", ["--no-keepalive"]),
    lostOverRestarts("tcp, 50 connections, keep-alive", []),
  ],
  isCore: false,
};
