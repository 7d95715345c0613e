import type { Address } from "../../../mod/base/address.ts";
import type { ClientSpec, Place, ServerSpec } from "../comparison.ts";
import { h2oConfig } from "./h2o.ts";

export const hayateLoad: ClientSpec = {
  name: "hayate load",
  program: "hayate",
  transports: ["tcp", "unix"],
  args: (target, connections, seconds) => [
    "load",
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    ...(target.kind === "unix"
      ? ["-P", target.path, "http://localhost/"]
      : [`http://${target.host}:${target.port}/`]),
  ],
};

/** `serve --text`, with the body that nginx's `return 200` sends. */
export const hayateText: ServerSpec = {
  name: "hayate serve --text",
  program: "hayate",
  args: ({ address }) => ["serve", "-q", ...listenArgs(address), "--text", "hello world\n"],
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
