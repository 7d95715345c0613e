import type { ServerComparison } from "../comparison.ts";
import { variedHeads } from "../contenders/drivers.ts";
import { floorServer } from "../contenders/floor.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxProxy, nginxReturn } from "../contenders/nginx.ts";

export const tlsProxy: ServerComparison = {
  name: "tls-proxy",
  title: "reverse proxies that end TLS, plain upstream, one worker, varied heads",
  judged: "server",
  driver: variedHeads,
  upstreams: [floorServer, nginxReturn],
  contenders: [hayateProxy, nginxProxy, h2oProxy],
  transports: ["tcp"],
  connections: [50],
  isTls: true,
  goal: 1.2,
  isCore: false,
};
