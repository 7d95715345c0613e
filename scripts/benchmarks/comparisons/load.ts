import type { ClientComparison } from "../comparison.ts";
import {
  floorClient,
  floorClientVaried,
  floorServer,
  floorServerVaried,
} from "../contenders/floor.ts";
import { hayateLoad, hayateLoadVaried } from "../contenders/hayate_load.ts";
import { nginxReturn, nginxReturnVaried } from "../contenders/nginx.ts";
import { wrk, wrkVaried } from "../contenders/wrk.ts";

const common = {
  judged: "client",
  contenders: [hayateLoad, floorClient, wrk],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  secondsMin: 2,
  isCore: true,
} as const;

export const load: ClientComparison = {
  ...common,
  name: "load",
  title: "load generators, -t1, varied answers",
  // A server that is faster than its clients, so that they are never idle.
  targets: [floorServerVaried, nginxReturnVaried],
  // No distribution packages a wrk with unix sockets.
  goal: { tcp: 1.2, unix: null },
  floorGoal: { tcp: 1.15, unix: null },
};

export const loadSame: ClientComparison = {
  ...common,
  name: "load-same",
  title: "load generators, -t1, identical answers",
  targets: [floorServer, nginxReturn],
  connections: [50],
  isCore: false,
};

export const loadScripts: ClientComparison = {
  ...common,
  name: "load-scripts",
  title: "load generators, -t1, varied answers, and varied requests by a script",
  targets: [floorServerVaried, nginxReturnVaried],
  contenders: [hayateLoadVaried, floorClientVaried, wrkVaried],
  connections: [50],
  isCore: false,
};
