/** hayate as a server. */
import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { documentRoot, documentsOf } from "./documents.ts";
import { h2oConfig, h2oConfigHosts, pathConfig } from "./h2o.ts";
import { peersOf } from "./many.ts";

/** `serve` over TLS where the comparison has a certificate. */
function serve(
  name: string,
  what: (place: Place) => readonly string[],
  files: Readonly<Record<string, string>> = {},
  workers = 1,
): ServerSpec {
  return {
    name,
    program: "hayate",
    files: () => files,
    args: (place) => {
      const { address, certificate } = place;
      const tls = certificate === null
        ? []
        : ["--tls", "--cert", certificate.certificateFile, "--key", certificate.keyFile];
      const all = ["serve", "-q", "--workers", String(workers), ...tls, ...listenArgs(address)];
      return [...all, ...what(place)];
    },
  };
}

/** The body that nginx's `return 200` sends. */
export const hayateText: ServerSpec = hayateTextBy(1);

export function hayateTextBy(workers: number): ServerSpec {
  return serve("hayate serve --text", () => ["--text", "hello world\n"], {}, workers);
}

/** One file of `bytes` bytes. */
export function hayateFiles(bytes: number): ServerSpec {
  return serve("hayate serve DIR", (place) => [documentRoot(place)], documentsOf(bytes));
}

/** An app as a file in the place's folder. */
export const appFiles = {
  "app.js": 'export default { fetch: () => new Response("hello world\\n") };\n',
} as const;

/** One that looks at its request: three fields and the URL. */
export const readingAppFiles = {
  "app.js": `export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { headers } = request;
    const agent = headers.get("user-agent") ?? "", cookie = headers.get("cookie") ?? "";
    const isKnown = cookie.includes("session=") && agent !== "" && headers.get("accept") !== null;
    const isPage = pathname !== "" && searchParams.get("page") !== "none";
    return new Response(isKnown && isPage ? "hello world\\n" : "who is it?\\n");
  },
};
`,
} as const;

/** An app, whose entry is `app.js`. */
export function hayateAppOf(files: Readonly<Record<string, string>>): ServerSpec {
  return serve("hayate serve app.js", ({ folder }) => [`${folder}/app.js`], files);
}

/** A fetch handler that answers "hello world". */
export const hayateApp: ServerSpec = hayateAppOf(appFiles);
export const hayateReadingApp: ServerSpec = hayateAppOf(readingAppFiles);

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
    const peers = peersOf(place, peerCount);
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

/** In front of `count` peers; see `peersOf`. */
export function hayateProxyOver(count: number): ServerSpec {
  return proxy("hayate proxy", (place) => {
    const peers = peersOf(place, count);
    return `${pathConfig(place, "        proxy.reverse.url: http://peers/\n")}upstreams:
  peers:
    servers: [${peers.map((peer) => `"${peer}"`).join(", ")}]
    keepalive: ${place.connections}
`;
  });
}

export function hayateProxyBy(workers: number): ServerSpec {
  return proxy("hayate proxy", (place) => `${h2oConfig(place)}num-threads: ${workers}\n`);
}

export function hayateProxyHosts(count: number): ServerSpec {
  return proxy("hayate proxy", (place) => h2oConfigHosts(place, count));
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
function listenArgs(address: Address): string[] {
  return address.kind === "unix"
    ? ["--path", address.path]
    : ["--host", address.host, "--port", String(address.port)];
}
