/** hayate as a load generator. */
import type { ClientSpec, Target } from "../comparison.ts";

/** Requests with heads of their own; see its first lines for its arguments. */
export const variedScript: string = new URL("varied_requests.js", import.meta.url).pathname;

/** The same head each time. */
export const hayateLoad: ClientSpec = loadClient("hayate load", []);

/** A path and a field that --template fills in, and a request of that length without it. */
export const hayateLoadTemplate: ClientSpec = loadClient(
  "hayate load --template",
  ["--template", "-H", "X-Request-Id: {uuid}"],
  { path: "/articles/{rand:10000:99999}/comments?page={seq:10000}" },
);
export const hayateLoadTemplateLength: ClientSpec = loadClient(
  "hayate load",
  ["-H", "X-Request-Id: 5f0c2c1e-6d0b-4e53-9c1f-3b7a0d9e8f21"],
  { path: "/articles/12345/comments?page=123456" },
);

/** The heads of varied_requests.js; `words` are its arguments. */
export function hayateLoadVariedWith(...words: readonly string[]): ClientSpec {
  return loadClient("hayate load, varied heads", ["-s", variedScript], { words });
}
export const hayateLoadVaried: ClientSpec = hayateLoadVariedWith();

/** One connection per request, as with any client of a server without keep-alive. */
export const hayateLoadNoKeepalive: ClientSpec = loadClient("hayate load --no-keepalive", [
  "--no-keepalive",
]);

/** `count` requests on each connection, with varied heads. */
export function hayateLoadPerConnection(count: number): ClientSpec {
  return loadClient("hayate load, varied heads", [
    ...["-s", variedScript],
    ...["--requests-per-connection", String(count)],
  ]);
}

export const hayateLoadTwoThreads: ClientSpec = loadClient("hayate load -t2", [], { threads: 2 });

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

/** For rows of servers, in which a client's start does not matter. */
function driverOf(
  name: string,
  flags: (target: Target) => readonly string[],
  files: Readonly<Record<string, string>> = {},
): ClientSpec {
  return {
    name,
    program: "hayate",
    transports: ["tcp", "unix"],
    files,
    args: (target, connections, seconds) => [
      // An answer may be late on a slow machine, as long as it comes.
      ...["load", "-t1", `-c${connections}`, `-d${seconds}s`, "-T30s"],
      ...flags(target),
    ],
  };
}

/** Event streams that are held for the whole run; its requests are their events. */
export const hayateLoadEvents: ClientSpec = driverOf(
  "hayate load --sse",
  (target) => ["--sse", ...targetArgs(target)],
);

/** Bodies of this many bytes. */
export function hayateLoadUpload(bytes: number): ClientSpec {
  const name = `upload-${bytes}`;
  return driverOf(
    "hayate load --body-file",
    (target) => ["--body-file", `${target.folder}/${name}`, ...targetArgs(target)],
    { [name]: "x".repeat(bytes) },
  );
}

/** WebSockets, each of which sends its next message when the last one has come back. */
export function hayateLoadEcho(message: string): ClientSpec {
  return driverOf(
    "hayate load ws:",
    (target) => ["--answer", "echo", "-b", message, webSocketUrl(target)],
  );
}

function webSocketUrl({ address }: Target): string {
  return address.kind === "unix"
    ? `ws://unix:${address.path}:/`
    : `ws://${address.host}:${address.port}/`;
}

function loadClient(
  name: string,
  flags: readonly string[],
  { threads = 1, words = [], path = "/" }: {
    threads?: number;
    words?: readonly string[];
    path?: string;
  } = {},
): ClientSpec {
  const rest = words.length === 0 ? [] : ["--", ...words];
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
      ...targetArgs(target, path),
      ...rest,
    ],
    startArgs: (target) => [
      ...["load", ...flags, "-t1", "-c1", "-n1"],
      ...[...targetArgs(target, path), ...rest],
    ],
  };
}

/** The part of the command line that selects the target. */
export function targetArgs({ address, isTls }: Target, path = "/"): string[] {
  const scheme = isTls ? "https" : "http";
  // The servers have self-signed certificates; wrk does not verify certificates either.
  const trust = isTls ? ["-k"] : [];
  return address.kind === "unix"
    ? [...trust, "-P", address.path, `${scheme}://localhost${path}`]
    : [...trust, `${scheme}://${address.host}:${address.port}${path}`];
}
