import type { Comparison } from "../comparison.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { haproxyProxy } from "../contenders/haproxy.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxReturn } from "../contenders/nginx.ts";

export const proxyOthers: Comparison = {
  name: "proxy-others",
  title: "reverse proxies with keep-alive in front of nginx `return 200`, one worker",
  judged: "server",
  upstream: nginxReturn,
  contenders: [hayateProxy, haproxyProxy, h2oProxy],
  transports: ["tcp", "unix"],
  connections: [50],
  goal: 1.2,
  isCore: false,
};
