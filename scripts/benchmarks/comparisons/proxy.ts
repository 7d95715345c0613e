import type { Comparison } from "../comparison.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxProxy, nginxReturn } from "../contenders/nginx.ts";

export const proxy: Comparison = {
  name: "proxy",
  title: "reverse proxies with keep-alive in front of nginx `return 200`, one worker",
  judged: "server",
  upstream: nginxReturn,
  contenders: [hayateProxy, nginxProxy],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  goal: 1.2,
  isCore: true,
};
