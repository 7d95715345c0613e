import type { Comparison } from "../comparison.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxProxy, nginxReturn } from "../contenders/nginx.ts";

export const tlsProxy: Comparison = {
  name: "tls-proxy",
  title: "reverse proxies that end TLS, plain upstream, one worker",
  judged: "server",
  upstream: nginxReturn,
  contenders: [hayateProxy, nginxProxy, h2oProxy],
  transports: ["tcp"],
  connections: [50],
  isTls: true,
  goal: 1.2,
  isCore: false,
};
