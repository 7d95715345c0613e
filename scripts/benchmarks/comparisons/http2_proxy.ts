/** Reverse proxies over HTTP/2. */
import type { ClientSpec, ServerComparison } from "../comparison.ts";
import { floorServer } from "../contenders/floor.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { h2load, loadVaried } from "../contenders/http2_clients.ts";
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
  goal: 1.2,
  isCore: false,
} as const;

/** HTTP/1.1 out, without TLS and with it; HTTP/2 out. */
function each(
  suffix: string,
  heads: string,
  driver: ClientSpec,
  isCore: boolean,
): ServerComparison[] {
  const toHttp1 = {
    ...common,
    driver,
    upstreams: [floorServer, nginxUpstream],
    contenders: [hayateProxy, nginxProxyHttp2, h2oProxy, haproxyProxyHttp2],
  };
  return [
    {
      ...toHttp1,
      name: `http2-proxy${suffix}`,
      title: `reverse proxies, HTTP/2 in (32 at once), HTTP/1.1 out, ${heads}`,
      isCore,
    },
    {
      ...toHttp1,
      name: `http2-proxy-tls${suffix}`,
      title: `reverse proxies, HTTP/2 over TLS in, HTTP/1.1 out, ${heads}`,
      isTls: true,
    },
    {
      ...common,
      driver,
      name: `http2-proxy-both${suffix}`,
      title: `reverse proxies, HTTP/2 in (32 at once) and out, ${heads}`,
      upstreams: [nginxReturnHttp2],
      contenders: [
        hayateProxyBothHttp2,
        nginxProxyBothHttp2,
        h2oProxyBothHttp2,
        haproxyProxyBothHttp2,
      ],
      isCore,
    },
  ];
}

export const http2Proxy: readonly ServerComparison[] = [
  ...each("", "varied heads", loadVaried(32), true),
  ...each("-same", "identical heads", h2load(32), false),
];
