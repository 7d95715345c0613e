/** The settings of a configuration that sets nothing. Those of upstreams: `upstream_defaults.ts`. */
import { sessionsDefault } from "../../tls/sessions/session_rules.ts";
import { version } from "../../base/version.ts";
import { defaultHttp2Options } from "../../conn/exchange/http2_options.ts";
import { defaultGuardRules } from "../../http2/mod.ts";
import { serverTimeouts, upstreamTimeouts } from "../../conn/exchange/timeouts.ts";
import type { GlobalPlan, Settings } from "./plan.ts";

/** Settings of the whole process. */
export function globalDefaults(): GlobalPlan {
  return {
    connectionsMax: 0,
    workers: 1,
    cpus: [],
    requestBodyBytesMax: 1_073_741_824,
    requestLineBytesMax: 8192,
    headTimeoutMs: serverTimeouts.headTimeoutMs,
    handshakeTimeoutMs: 10_000,
    sessions: sessionsDefault,
    tlsOffload: "off",
    bodyTimeoutMs: serverTimeouts.bodyTimeoutMs,
    idleTimeoutMs: serverTimeouts.idleTimeoutMs,
    allowHalfOpen: false,
    http2: {
      isOn: true,
      idleTimeoutMs: 10_000,
      gracefulTimeoutMs: 0,
      streamsMax: 100,
      requestsMax: 100,
      streamingMax: 100,
      windowBytes: defaultHttp2Options.session.streamWindowBytes,
      ranksAssets: defaultHttp2Options.ranksAssets,
      dosDelayMs: defaultHttp2Options.dosDelayMs,
      queued: defaultHttp2Options.queued,
      limits: { ...defaultGuardRules },
    },
    serverName: `hayate/${version}`,
    sendServerName: "on",
    user: null,
    pidFile: null,
    errorLog: null,
    emitForwardedFields: true,
    preserveForwardedProto: false,
    emitVia: true,
    emitMissingDate: true,
    sendInformational: "except-h1",
    drainTimeoutMs: 30_000,
    drainIdleMs: serverTimeouts.drainIdleMs,
    control: null,
    stateFile: null,
    resolver: null,
    acme: null,
  };
}

/** Settings of the global level, which hosts and paths inherit. */
export function settingsDefaults(): Settings {
  return {
    proxy: {
      preserveHost: false,
      connectTimeoutMs: upstreamTimeouts.connectTimeoutMs,
      firstByteTimeoutMs: upstreamTimeouts.firstByteTimeoutMs,
      ioTimeoutMs: upstreamTimeouts.responseTimeoutMs,
      keepaliveTimeoutMs: upstreamTimeouts.idleTimeoutMs,
      tunnel: false,
      tunnelTimeoutMs: 300_000,
      tlsVerify: true,
      tlsCaFile: null,
      http2Ratio: 0,
      http2StreamsMax: 100,
      http2Cleartext: false,
      forwardClose: false,
      proxyProtocol: false,
    },
    file: {
      indexFiles: ["index.html", "index.htm", "index.txt"],
      dirListing: false,
      etag: true,
      sendCompressed: "off",
      mimeTypes: new Map(),
      mimeTypesOnly: false,
      mimeDefault: "application/octet-stream",
    },
    responseRules: [],
    requestRules: [],
    accessLogs: [],
    realIp: null,
    requestId: null,
    errorDocs: [],
    variables: new Map(),
    redirectsToHttps: false,
    hsts: null,
    expires: null,
    compress: null,
    compressBytesMin: 100,
    emitRequestErrors: true,
    mergesSlashes: true,
  };
}
