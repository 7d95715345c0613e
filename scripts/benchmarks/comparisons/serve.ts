import type { ServerComparison } from "../comparison.ts";
import { identicalHeads, variedHeads } from "../contenders/drivers.ts";
import { floorServer } from "../contenders/floor.ts";
import { hayateText } from "../contenders/hayate.ts";
import { nginxReturn } from "../contenders/nginx.ts";

export const serve: ServerComparison = {
  name: "serve",
  title: "servers of a fixed 12-byte body, one worker, varied heads",
  judged: "server",
  driver: variedHeads,
  contenders: [hayateText, floorServer, nginxReturn],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  goal: 1.15,
  floorGoal: { tcp: 1.12, unix: null },
  isCore: true,
};

export const serveSame: ServerComparison = {
  ...serve,
  name: "serve-same",
  title: "servers of a fixed 12-byte body, one worker, identical heads",
  driver: identicalHeads,
  transports: ["tcp"],
  connections: [50],
};
