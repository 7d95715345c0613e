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
  isCore: true,
};
