/** hayate as a load generator. */
import type { ClientSpec, Target } from "../comparison.ts";

export const hayateLoad: ClientSpec = loadClient("hayate load", []);

/** One connection per request, as with any client of a server without keep-alive. */
export const hayateLoadNoKeepalive: ClientSpec = loadClient("hayate load --no-keepalive", [
  "--no-keepalive",
]);

export const hayateLoadTwoThreads: ClientSpec = loadClient("hayate load -t2", [], 2);

/** Every handshake is a full one. */
export const hayateLoadFullHandshakes: ClientSpec = loadClient(
  "hayate load --no-tls-resume",
  ["--no-keepalive", "--no-tls-resume"],
);

/** Every handshake but the first resumes a session. */
export const hayateLoadResumed: ClientSpec = loadClient(
  "hayate load --tls-resume",
  ["--no-keepalive", "--tls-resume"],
);

function loadClient(name: string, flags: readonly string[], threads = 1): ClientSpec {
  return {
    name,
    program: "hayate",
    transports: ["tcp", "unix"],
    args: (target, connections, seconds) => [
      "load",
      ...flags,
      `-t${threads}`,
      `-c${connections}`,
      `-d${seconds}s`,
      ...targetArgs(target),
    ],
    startArgs: (target) => ["load", "-t1", "-c1", "-n1", ...targetArgs(target)],
  };
}

/** The part of the command line that selects the target. */
export function targetArgs({ address, isTls }: Target): string[] {
  const scheme = isTls ? "https" : "http";
  // The servers have self-signed certificates; wrk does not verify certificates either.
  const trust = isTls ? ["-k"] : [];
  return address.kind === "unix"
    ? [...trust, "-P", address.path, `${scheme}://localhost/`]
    : [...trust, `${scheme}://${address.host}:${address.port}/`];
}
