import type { ClientSpec } from "../comparison.ts";

export const wrk: ClientSpec = wrkClient("wrk", []);

/** One connection per request, as wrk does it: `Connection: close` makes the server close. */
export const wrkClose: ClientSpec = wrkClient("wrk Connection: close", ["-H", "Connection: close"]);

function wrkClient(name: string, flags: readonly string[]): ClientSpec {
  return {
    name,
    program: "wrk",
    transports: ["tcp"],
    args({ address, isTls }, connections, seconds) {
      if (address.kind === "unix") throw new TypeError("Cannot load a unix socket with wrk");
      const url = `${isTls ? "https" : "http"}://${address.host}:${address.port}/`;
      return ["-t1", `-c${connections}`, `-d${seconds}s`, ...flags, url];
    },
  };
}
