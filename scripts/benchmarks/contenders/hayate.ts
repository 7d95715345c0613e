/** hayate as a server. */
import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { documentRoot, documentsOf } from "./documents.ts";
import { h2oConfig, pathConfig } from "./h2o.ts";

/** `serve --text`, with the body that nginx's `return 200` sends. */
export const hayateText: ServerSpec = {
  name: "hayate serve --text",
  program: "hayate",
  args: (
    { address },
  ) => ["serve", "-q", "--workers", "1", ...listenArgs(address), "--text", "hello world\n"],
};

/** `serve` with one file of `bytes` bytes. */
export function hayateFiles(bytes: number): ServerSpec {
  return {
    name: "hayate serve DIR",
    program: "hayate",
    files: () => documentsOf(bytes),
    args: (
      place,
    ) => ["serve", "-q", "--workers", "1", ...listenArgs(place.address), documentRoot(place)],
  };
}

/** The app as a file in the place's folder. */
export const appFiles = {
  "app.js": 'export default { fetch: () => new Response("hello world\\n") };\n',
} as const;

/** A fetch handler that answers "hello world". */
export const hayateApp: ServerSpec = {
  name: "hayate serve app.js",
  program: "hayate",
  files: () => appFiles,
  args: (
    { folder, address },
  ) => ["serve", "-q", "--workers", "1", ...listenArgs(address), `${folder}/app.js`],
};

export const hayateProxy: ServerSpec = proxy("hayate proxy", h2oConfig);

/** The proxy's own redirect; see `nginxRedirect`. */
export const hayateRedirect: ServerSpec = proxy(
  "hayate proxy redirect",
  (place) =>
    pathConfig(
      place,
      "        redirect:\n          url: http://localhost/elsewhere\n          status: 301\n",
    ),
);

/** The proxy with every costly feature enabled; see `nginxReturnOn` for its peers. */
export function hayateLadenProxy(peerCount: number): ServerSpec {
  return proxy(`hayate proxy, ${peerCount} peers`, (place) => {
    if (place.upstream?.kind !== "tcp") throw new TypeError("Cannot have several unix peers");
    const { port } = place.upstream;
    const peers = Array.from({ length: peerCount }, (_, index) => `127.0.0.${index + 1}:${port}`);
    return `${pathConfig(place, "        proxy.reverse.url: http://peers/\n")}upstreams:
  peers:
    servers: [${peers.map((peer) => `"${peer}"`).join(", ")}]
    balance: least_conn
    keepalive: ${place.connections}
    check: interval=1000 rise=1 fall=3 timeout=1000 type=http
access-log: ${place.folder}/access.log
control: ${place.folder}/control.sock
`;
  });
}

function proxy(name: string, config: (place: Place) => string): ServerSpec {
  return {
    name,
    program: "hayate",
    files: (place) => ({ "proxy.conf": config(place) }),
    args: ({ folder }) => ["proxy", "-c", `${folder}/proxy.conf`],
  };
}

/** Where `hayate serve` listens. */
export function listenArgs(address: Address): string[] {
  return address.kind === "unix"
    ? ["--path", address.path]
    : ["--host", address.host, "--port", String(address.port)];
}
