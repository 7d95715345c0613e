import type { Address } from "../../../mod/base/address.ts";
import type { ClientSpec, Place, ServerSpec, Target } from "../comparison.ts";
import { documentRoot, documents } from "./documents.ts";
import { h2oConfig } from "./h2o.ts";

export const hayateLoad: ClientSpec = loadClient("hayate load", []);

/** One connection per request, which is what a server without keep-alive makes of any client. */
export const hayateLoadNoKeepalive: ClientSpec = loadClient("hayate load --no-keepalive", [
  "--no-keepalive",
]);

function loadClient(name: string, flags: readonly string[]): ClientSpec {
  return {
    name,
    program: "hayate",
    transports: ["tcp", "unix"],
    args: (target, connections, seconds) => [
      "load",
      ...flags,
      "-t1",
      `-c${connections}`,
      `-d${seconds}s`,
      ...targetArgs(target),
    ],
    startArgs: (target) => ["load", "-t1", "-c1", "-n1", ...targetArgs(target)],
  };
}

function targetArgs({ address, isTls }: Target): string[] {
  const scheme = isTls ? "https" : "http";
  // The servers have certificates that nobody signed, and wrk verifies none either.
  const trust = isTls ? ["-k"] : [];
  return address.kind === "unix"
    ? [...trust, "-P", address.path, `${scheme}://localhost/`]
    : [...trust, `${scheme}://${address.host}:${address.port}/`];
}

/** `serve --text`, with the body that nginx's `return 200` sends. */
export const hayateText: ServerSpec = {
  name: "hayate serve --text",
  program: "hayate",
  args: (
    { address },
  ) => ["serve", "-q", "--workers", "1", ...listenArgs(address), "--text", "hello world\n"],
};

export const hayateFiles: ServerSpec = {
  name: "hayate serve DIR",
  program: "hayate",
  files: () => documents,
  args: (
    place,
  ) => ["serve", "-q", "--workers", "1", ...listenArgs(place.address), documentRoot(place)],
};

/** A fetch handler that answers "hello world". */
export const hayateApp: ServerSpec = {
  name: "hayate serve app.js",
  program: "hayate",
  files: () => ({
    "app.js": 'export default { fetch: () => new Response("hello world\\n") };\n',
  }),
  args: (
    { folder, address },
  ) => ["serve", "-q", "--workers", "1", ...listenArgs(address), `${folder}/app.js`],
};

export const hayateProxy: ServerSpec = {
  name: "hayate proxy",
  program: "hayate",
  files: (place) => ({ "proxy.conf": h2oConfig(place) }),
  args: ({ folder }: Place) => ["proxy", "-c", `${folder}/proxy.conf`],
};

function listenArgs(address: Address): string[] {
  return address.kind === "unix"
    ? ["--path", address.path]
    : ["--host", address.host, "--port", String(address.port)];
}
