/** Every comparison, in the order of the table. */
import type { Comparison } from "../comparison.ts";
import { app, appKeepalive, fetch } from "./app.ts";
import { loadClose, serveClose } from "./connection_per_request.ts";
import { files, filesHuge, filesLarge, filesSmall } from "./files.ts";
import { handshakes, handshakesResumed } from "./handshakes.ts";
import { proxyLatency, serveLatency } from "./latency.ts";
import { http2Proxy } from "./http2_proxy.ts";
import { http2Serve } from "./http2_serve.ts";
import { http2Files, http2Load } from "./http2_transfer.ts";
import { load } from "./load.ts";
import { loadUnix } from "./load_unix.ts";
import { http2Idle, idle, loadMemories } from "./memory.ts";
import { proxy } from "./proxy.ts";
import { proxyBodies, tlsProxyBodies } from "./proxy_bodies.ts";
import { proxyLaden } from "./proxy_laden.ts";
import { proxyOthers } from "./proxy_others.ts";
import { loadRate } from "./rate.ts";
import { restarts } from "./restarts.ts";
import { serve } from "./serve.ts";
import { start } from "./start.ts";
import { tlsLoad } from "./tls_load.ts";
import { tlsProxy } from "./tls_proxy.ts";

export const comparisons: readonly Comparison[] = [
  load,
  loadUnix,
  loadClose,
  loadRate,
  loadMemories,
  serve,
  serveClose,
  serveLatency,
  idle,
  start,
  fetch,
  app,
  appKeepalive,
  filesSmall,
  files,
  filesLarge,
  filesHuge,
  proxy,
  proxyOthers,
  proxyLatency,
  proxyBodies,
  proxyLaden,
  tlsLoad,
  tlsProxy,
  tlsProxyBodies,
  handshakes,
  handshakesResumed,
  ...http2Serve,
  ...http2Proxy,
  http2Load,
  ...http2Files,
  http2Idle,
  restarts,
];
