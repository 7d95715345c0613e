import type { ClientComparison } from "../comparison.ts";
import { hayateLoad } from "../contenders/hayate_load.ts";
import { nginxReturnVaried } from "../contenders/nginx.ts";
import { wrk } from "../contenders/wrk.ts";

export const tlsLoad: ClientComparison = {
  name: "tls-load",
  title: "load generators, -t1, over TLS, varied answers",
  judged: "client",
  targets: [nginxReturnVaried],
  contenders: [hayateLoad, wrk],
  transports: ["tcp"],
  connections: [50],
  isTls: true,
  isCore: false,
};
