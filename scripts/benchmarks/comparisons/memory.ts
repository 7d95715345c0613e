import type { GaugeComparison } from "../comparison.ts";
import { hayateProxy, hayateText } from "../contenders/hayate.ts";
import { hayateLoad, hayateLoadTwoThreads } from "../contenders/hayate_load.ts";
import { nginxProxyHttp2, nginxReturnHttp2 } from "../contenders/http2_servers.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { wrk } from "../contenders/wrk.ts";
import { floorServerSilent } from "../contenders/floor.ts";
import { idleStreams } from "../gauges/idle_streams.ts";
import { idleMemory } from "../gauges/idle_memory.ts";
import { loadMemory } from "../gauges/load_memory.ts";

export const idle: GaugeComparison = {
  name: "idle",
  title: "memory for connections that are kept and idle, one worker",
  judged: "gauge",
  unit: "MB",
  programs: ["nginx"],
  settings: [idleMemory(10_000, { max: 40 }, [hayateText, nginxReturn])],
  isCore: false,
};

export const http2Idle: GaugeComparison = {
  name: "http2-idle",
  title: "memory for HTTP/2 connections over TLS that are kept and idle, one worker",
  judged: "gauge",
  unit: "MB",
  programs: ["nginx"],
  settings: [
    idleMemory(10_000, { ratioMax: 2 }, [hayateText, nginxReturnHttp2], {
      isTls: true,
      flags: ["--http2"],
    }),
  ],
  isCore: false,
};

export const http2Streams: GaugeComparison = {
  name: "http2-streams",
  title: "memory for HTTP/2 streams that wait, one worker",
  judged: "gauge",
  unit: "MB",
  programs: ["nginx"],
  settings: [
    idleStreams(1000, 10, { ratioMax: 2 }, {
      text: "the client's window",
      contenders: [hayateText, nginxReturnHttp2],
    }),
    idleStreams(1000, 10, { ratioMax: 2 }, {
      text: "the upstream",
      contenders: [hayateProxy, nginxProxyHttp2],
      upstream: floorServerSilent,
    }),
  ],
  isCore: true,
};

export const loadMemories: GaugeComparison = {
  name: "load-memory",
  title: "memory of load generators",
  judged: "gauge",
  unit: "MB",
  programs: ["nginx", "wrk"],
  settings: [loadMemory(10_000, 120, nginxReturn, [hayateLoad, hayateLoadTwoThreads, wrk])],
  isCore: false,
};
