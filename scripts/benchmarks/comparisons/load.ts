import type { Comparison } from "../comparison.ts";
import { hayateLoad } from "../contenders/hayate_load.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { wrk } from "../contenders/wrk.ts";

export const load: Comparison = {
  name: "load",
  title: "load generators, -t1, against nginx `return 200`",
  judged: "client",
  target: nginxReturn,
  contenders: [hayateLoad, wrk],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  // No distribution packages a wrk with unix sockets: see load-unix.
  goal: { tcp: 1.15, unix: null },
  isCore: true,
};
