import type { ServerComparison } from "../comparison.ts";
import { identicalHeads, variedHeads } from "../contenders/drivers.ts";
import { hayateText } from "../contenders/hayate.ts";
import { nginxReturn } from "../contenders/nginx.ts";

export const tlsServe: ServerComparison = {
  name: "tls-serve",
  title: "servers of a fixed 12-byte body over TLS, one worker, varied heads",
  judged: "server",
  driver: variedHeads,
  contenders: [hayateText, nginxReturn],
  transports: ["tcp"],
  connections: [50],
  isTls: true,
  hasSameLibrary: true,
  goal: 1.15,
  isCore: true,
};

export const tlsServeSame: ServerComparison = {
  ...tlsServe,
  name: "tls-serve-same",
  title: "servers of a fixed 12-byte body over TLS, one worker, identical heads",
  driver: identicalHeads,
  isCore: false,
};
