import type { ClientComparison, ServerComparison } from "../comparison.ts";
import { floorClientClose, floorServerClose } from "../contenders/floor.ts";
import { hayateText } from "../contenders/hayate.ts";
import { hayateLoadNoKeepalive } from "../contenders/hayate_load.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { wrkClose } from "../contenders/wrk.ts";

export const loadClose: ClientComparison = {
  name: "load-close",
  title: "load generators, a connection per request, -t1",
  judged: "client",
  targets: [floorServerClose, nginxReturn],
  contenders: [hayateLoadNoKeepalive, floorClientClose, wrkClose],
  transports: ["tcp", "unix"],
  connections: [50],
  goal: { tcp: 1.2, unix: null },
  isCore: false,
};

export const serveClose: ServerComparison = {
  name: "serve-close",
  title: "servers of a fixed 12-byte body, a connection per request, one worker",
  judged: "server",
  driver: hayateLoadNoKeepalive,
  contenders: [hayateText, floorServerClose, nginxReturn],
  transports: ["tcp", "unix"],
  connections: [50],
  goal: { tcp: 1.1, unix: null },
  isCore: true,
};
