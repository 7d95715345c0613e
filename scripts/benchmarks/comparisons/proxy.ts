import type { ServerComparison } from "../comparison.ts";
import { identicalHeads, variedHeads } from "../contenders/drivers.ts";
import { floorProxy, floorServer } from "../contenders/floor.ts";
import { h2oProxy } from "../contenders/h2o.ts";
import { haproxyProxy } from "../contenders/haproxy.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxProxy, nginxReturn } from "../contenders/nginx.ts";

export const proxy: ServerComparison = {
  name: "proxy",
  title: "reverse proxies with keep-alive, one worker, varied heads",
  judged: "server",
  driver: variedHeads,
  upstreams: [floorServer, nginxReturn],
  contenders: [hayateProxy, floorProxy, nginxProxy, haproxyProxy, h2oProxy],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  goal: 1.2,
  floorGoal: 1.35,
  isCore: true,
};

export const proxySame: ServerComparison = {
  ...proxy,
  name: "proxy-same",
  title: "reverse proxies with keep-alive, one worker, identical heads",
  driver: identicalHeads,
  transports: ["tcp"],
  connections: [50],
  isCore: false,
};
