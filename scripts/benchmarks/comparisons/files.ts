import type { Comparison } from "../comparison.ts";
import { hayateFiles } from "../contenders/hayate.ts";
import { nginxFiles } from "../contenders/nginx.ts";

export const files: Comparison = {
  name: "files",
  title: "static servers, one file of 10,000 bytes, one worker",
  judged: "server",
  contenders: [hayateFiles, nginxFiles],
  transports: ["tcp", "unix"],
  connections: [50],
  isCore: false,
};
