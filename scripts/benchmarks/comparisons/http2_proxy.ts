/** Reverse proxies over HTTP/2. */
import type { ServerComparison } from "../comparison.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { h2load } from "../contenders/http2_clients.ts";
import {
  h2oProxyBothHttp2,
  haproxyProxyBothHttp2,
  haproxyProxyHttp2,
  hayateProxyBothHttp2,
  nginxProxyBothHttp2,
  nginxProxyHttp2,
  nginxReturnHttp2,
  nginxUpstream,
} from "../contenders/http2_servers.ts";

const common = {
  judged: "server",
  transports: ["tcp"],
  connections: [10],
  driver: h2load(32),
  goal: 1.2,
  isCore: false,
} as const;
const toHttp1 = {
  ...common,
  upstreams: [nginxUpstream],
  contenders: [hayateProxy, nginxProxyHttp2, h2oProxy, haproxyProxyHttp2],
};

export const http2Proxy: readonly ServerComparison[] = [
  {
    ...toHttp1,
    name: "http2-proxy",
    title: "reverse proxies, HTTP/2 in (prior knowledge, 32 at once), HTTP/1.1 out",
  },
  {
    ...toHttp1,
    name: "http2-proxy-tls",
    title: "the same over TLS",
    isTls: true,
  },
  {
    ...common,
    name: "http2-proxy-both",
    title: "reverse proxies, HTTP/2 in and out, both with prior knowledge",
    upstreams: [nginxReturnHttp2],
    contenders: [
      hayateProxyBothHttp2,
      nginxProxyBothHttp2,
      h2oProxyBothHttp2,
      haproxyProxyBothHttp2,
    ],
  },
];
