/** Every comparison, in the order of the table. */
import type { Comparison } from "../comparison.ts";
import { app, appKeepalive, fetch } from "./app.ts";
import { appEvents, appHono, appJson, appUpload, appWebSocket } from "./app_kinds.ts";
import { appStarts } from "./app_starts.ts";
import { loadClose, serveClose } from "./connection_per_request.ts";
import { containers } from "./containers.ts";
import { files } from "./files.ts";
import { growth } from "./growth.ts";
import { handshakes, handshakesResumed } from "./handshakes.ts";
import { http2Proxy } from "./http2_proxy.ts";
import { http2Serve } from "./http2_serve.ts";
import { http2Load, http2Transfers } from "./http2_transfer.ts";
import { proxyLatency, serveLatency } from "./latency.ts";
import { load, loadSame, loadScripts, loadTemplates } from "./load.ts";
import { http2Idle, http2Streams, idle, loadMemories } from "./memory.ts";
import { http2Neighbours } from "./neighbours.ts";
import { proxy, proxySame } from "./proxy.ts";
import { proxyBodies, tlsProxyBodies } from "./proxy_bodies.ts";
import { proxyLaden } from "./proxy_laden.ts";
import { loadRate } from "./rate.ts";
import { restarts } from "./restarts.ts";
import { serve, serveSame } from "./serve.ts";
import { start } from "./start.ts";
import { tlsLoad } from "./tls_load.ts";
import { tlsProxy } from "./tls_proxy.ts";
import { tlsServe, tlsServeSame } from "./tls_serve.ts";

export const comparisons: readonly Comparison[] = [
  ...[load, loadSame, ...loadScripts, loadTemplates, loadClose, loadRate, loadMemories],
  ...[serve, serveSame, serveClose, serveLatency, idle, start, fetch, app, appKeepalive],
  ...[appHono, appJson, appEvents, appUpload, appWebSocket, appStarts],
  ...[proxy, proxySame, proxyLatency, proxyBodies, proxyLaden],
  ...files,
  ...[tlsServe, tlsServeSame, tlsLoad, tlsProxy, tlsProxyBodies, handshakes, handshakesResumed],
  ...[
    ...http2Serve,
    ...http2Proxy,
    http2Load,
    ...http2Transfers,
    http2Idle,
    http2Streams,
    http2Neighbours,
  ],
  restarts,
  ...containers,
  ...growth,
];
