/**
 * Directives of h2o that hayate does not have. Tuning of features that hayate lacks is ignored with
 * a notice. Directives that change what is answered, or who may send requests, are refused.
 */
const ignored = [
  "capabilities",
  "crash-handler",
  "crash-handler.wait-pipe-close",
  "duration-stats",
  "file.io_uring",
  "h2olog",
  "http1-upgrade-to-http2",
  "http2-allow-cross-origin-push",
  "http2-casper",
  "http2-debug-state",
  "http2-latency-optimization-max-additional-delay",
  "http2-latency-optimization-max-cwnd",
  "http2-latency-optimization-min-rtt",
  "http2-push-preload",
  "http3-ack-frequency",
  "http3-allow-delayed-ack",
  "http3-graceful-shutdown-timeout",
  "http3-gso",
  "http3-idle-timeout",
  "http3-input-window-size",
  "http3-max-concurrent-streaming-requests-per-connection",
  "io_uring-batch-size",
  "max-delegations",
  "max-quic-connections",
  "max-reprocesses",
  "max-spare-pipes",
  "neverbleed-offload",
  "num-name-resolution-threads",
  "num-ocsp-updaters",
  "num-quic-threads",
  "proxy-status.identity",
  "proxy.connect.emit-proxy-status",
  "proxy.connect.masque-draft-03",
  "proxy.connect.proxy-status",
  "proxy.happy-eyeballs.connection-attempt-delay",
  "proxy.happy-eyeballs.name-resolution-delay",
  "proxy.http3.ecn",
  "proxy.http3.ratio",
  "proxy.max-spare-pipes",
  "proxy.proxy-status.identity",
  "proxy.ssl.session-cache",
  "proxy.zerocopy",
  "quic-nodes",
  "server-timing",
  "soft-connection-limit",
  "soft-connection-limit.min-age",
  "stash",
  "tcp-fastopen",
  "tcp-reuseport",
  "temp-buffer-path",
  "temp-buffer-threshold",
  "usdt-selective-tracing",
];

const fastcgi = "it has no FastCGI";
const mruby = "it runs no Ruby";
const connect = "it is not a forward proxy";

/** Why each is refused: ignoring it would change what is answered, or who may send requests. */
const refused: Readonly<Record<string, string>> = {
  "fastcgi.connect": fastcgi,
  "fastcgi.document_root": fastcgi,
  "fastcgi.send-delegated-uri": fastcgi,
  "fastcgi.spawn": fastcgi,
  "fastcgi.timeout.io": fastcgi,
  "fastcgi.timeout.keepalive": fastcgi,
  "file.custom-handler": "the files would be sent as they are, scripts with their source",
  "mruby.handler": mruby,
  "mruby.handler-file": mruby,
  "mruby.handler_path": mruby,
  "proxy.connect": connect,
  "proxy.connect-udp": connect,
  "proxy.timeout.connect-udp": connect,
  "reproxy": "X-Reproxy-URL of an upstream would go to the client",
  "self-trace": "the path would have no content",
  "throttle-response": "responses would not be slowed down",
};

/** Refused directives that are off by default in h2o: `OFF` is accepted, as it changes nothing. */
const switches = new Set(["reproxy", "throttle-response"]);

/** How a directive of h2o that hayate does not have is treated. */
export type Foreign =
  | { readonly outcome: "ignored" }
  | { readonly outcome: "refused"; readonly why: string; readonly mayBeOff: boolean };

export const foreignDirectives: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ...ignored.map((name): [string, Foreign] => [name, { outcome: "ignored" }]),
  ...Object.entries(refused).map(([name, why]): [string, Foreign] => [
    name,
    { outcome: "refused", why, mayBeOff: switches.has(name) },
  ]),
]);
