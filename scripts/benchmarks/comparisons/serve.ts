import type { Comparison } from "../comparison.ts";
import { hayateText } from "../contenders/hayate.ts";
import { nginxReturn } from "../contenders/nginx.ts";

export const serve: Comparison = {
  name: "serve",
  title: "servers of a fixed 12-byte body, one worker",
  judged: "server",
  contenders: [hayateText, nginxReturn],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  goal: { tcp: 1.2, unix: 1.3 },
  isCore: true,
};
