import type { ClientSpec } from "../comparison.ts";

export const wrk: ClientSpec = {
  name: "wrk",
  program: "wrk",
  transports: ["tcp"],
  args({ address, isTls }, connections, seconds) {
    if (address.kind === "unix") throw new TypeError("Cannot load a unix socket with wrk");
    const url = `${isTls ? "https" : "http"}://${address.host}:${address.port}/`;
    return ["-t1", `-c${connections}`, `-d${seconds}s`, url];
  },
};
