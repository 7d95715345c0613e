import type { Comparison } from "../comparison.ts";
import { hayateLoad } from "../contenders/hayate_load.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { wrk } from "../contenders/wrk.ts";

export const tlsLoad: Comparison = {
  name: "tls-load",
  title: "load generators, -t1, against nginx `return 200` over TLS",
  judged: "client",
  target: nginxReturn,
  contenders: [hayateLoad, wrk],
  transports: ["tcp"],
  connections: [50],
  isTls: true,
  isCore: false,
};
