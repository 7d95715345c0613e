import type { ClientSpec } from "../comparison.ts";

export const wrk: ClientSpec = {
  name: "wrk",
  program: "wrk",
  transports: ["tcp"],
  args(target, connections, seconds) {
    if (target.kind === "unix") throw new TypeError("Cannot load a unix socket with wrk");
    return ["-t1", `-c${connections}`, `-d${seconds}s`, `http://${target.host}:${target.port}/`];
  },
};
