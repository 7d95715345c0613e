import type { ClientSpec } from "../comparison.ts";

const script = new URL("varied_requests.lua", import.meta.url).pathname;

/** The same head each time. */
export const wrk: ClientSpec = wrkClient("wrk", []);

/** The heads of varied_requests.lua; `words` are its arguments. */
export function wrkVariedWith(...words: readonly string[]): ClientSpec {
  return wrkClient("wrk, varied heads", ["-s", script], words);
}
export const wrkVaried: ClientSpec = wrkVariedWith();

/** One connection per request, as wrk does it: `Connection: close` makes the server close. */
export const wrkClose: ClientSpec = wrkClient("wrk Connection: close", ["-H", "Connection: close"]);

function wrkClient(
  name: string,
  flags: readonly string[],
  words: readonly string[] = [],
): ClientSpec {
  return {
    name,
    program: "wrk",
    transports: ["tcp"],
    args({ address, isTls }, connections, seconds) {
      if (address.kind === "unix") throw new TypeError("Cannot load a unix socket with wrk");
      const url = `${isTls ? "https" : "http"}://${address.host}:${address.port}/`;
      const rest = words.length === 0 ? [] : ["--", ...words];
      return ["-t1", `-c${connections}`, `-d${seconds}s`, ...flags, url, ...rest];
    },
  };
}
