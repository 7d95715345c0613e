/** Servers and proxies with HTTP/2 listeners: with prior knowledge, or by ALPN over TLS. */
import { formatAddress } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { h2oConfig, h2oProxy, pathConfig } from "./h2o.ts";
import { appFiles, hayateProxy } from "./hayate.ts";
import { nginxFiles, nginxProxy, nginxReturn, nginxReturnVaried } from "./nginx.ts";

/** More than any client here opens: h2o's default of 100 and nginx's of 128 are enough for 32. */
const streamsMax = 256;

/**
 * nginx with a slot and a kept upstream connection for each request under way, of which there are
 * many on each connection.
 */
function withSlots(spec: ServerSpec): ServerSpec {
  return {
    ...spec,
    files: (place) => {
      const files = spec.files!(place);
      const slots = Math.max(place.connections * 2 + 100, 4096);
      const config = files["nginx.conf"]
        .replaceAll(/(worker_connections|worker_rlimit_nofile) \d+/g, `$1 ${slots}`)
        .replace(/keepalive \d+;/, "keepalive 1024;");
      return { ...files, "nginx.conf": config };
    },
  };
}

/** nginx needs `http2` on its listener: in the older spelling, which new versions still read. */
function withHttp2(spec: ServerSpec): ServerSpec {
  const roomy = withSlots(spec);
  return {
    ...roomy,
    files: (place) => {
      const files = roomy.files!(place);
      const listen = `$1 http2;\n    http2_max_concurrent_streams ${streamsMax};`;
      const config = files["nginx.conf"].replace(/^( *listen .*);$/m, listen);
      return { ...files, "nginx.conf": config };
    },
  };
}

/** An upstream with HTTP/1.1 for requests that come over HTTP/2. */
export const nginxUpstream: ServerSpec = withSlots(nginxReturn);
export const nginxReturnHttp2: ServerSpec = withHttp2(nginxReturn);
export const nginxReturnVariedHttp2: ServerSpec = withHttp2(nginxReturnVaried);
export const nginxProxyHttp2: ServerSpec = withHttp2(nginxProxy);
export function nginxFilesHttp2(bytes: number): ServerSpec {
  return withHttp2(nginxFiles(bytes));
}

/** With sendfile, its small answers over HTTP/2 end 40 ms late; for rows in which latency counts. */
export function nginxPromptFilesHttp2(bytes: number): ServerSpec {
  const spec = nginxFilesHttp2(bytes);
  return {
    ...spec,
    files: (place) => {
      const files = spec.files!(place);
      const config = files["nginx.conf"].replace("sendfile on;", "sendfile off;");
      return { ...files, "nginx.conf": config };
    },
  };
}

/** nginx can speak HTTP/2 to upstreams since 1.29.4; an older one fails to start, and is named. */
export const nginxProxyBothHttp2: ServerSpec = {
  ...nginxProxyHttp2,
  files: (place) => {
    const files = nginxProxyHttp2.files!(place);
    const config = files["nginx.conf"].replace("proxy_http_version 1.1", "proxy_http_version 2");
    return { ...files, "nginx.conf": config };
  },
};

/** Passes a body on as it comes, as the others do. */
export const nginxStreamingProxyHttp2: ServerSpec = {
  ...nginxProxyHttp2,
  files: (place) => {
    const files = nginxProxyHttp2.files!(place);
    const config = files["nginx.conf"].replace(
      "proxy_http_version 1.1;",
      "proxy_http_version 1.1; proxy_request_buffering off; client_max_body_size 0;",
    );
    return { ...files, "nginx.conf": config };
  },
};

/** h2o has no answer of its own; a file of 12 bytes, for any path, is the least that it serves. */
export const h2oAnyPath: ServerSpec = {
  name: "h2o file.file",
  program: "h2o",
  files: (place) => ({
    "documents/index.html": "hello world\n",
    "h2o.conf": pathConfig(place, `        file.file: ${place.folder}/documents/index.html\n`),
  }),
  args: h2oProxy.args,
};

/** What HAProxy has for HTTP/2: `proto h2` without TLS, ALPN with it. */
function haproxy(name: string, back: (place: Place) => string): ServerSpec {
  return {
    name,
    program: "haproxy",
    files: (place) => {
      const { certificate, connections } = place;
      const how = certificate === null ? "proto h2" : `ssl crt ${certificate.pairFile} alpn h2`;
      return {
        "haproxy.cfg": `global
  nbthread 1
  maxconn ${connections * 10 + 1000}
  tune.h2.max-concurrent-streams ${streamsMax}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind ${formatAddress(place.address)} ${how}
${back(place)}`,
      };
    },
    args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
  };
}

export const haproxyReturnHttp2: ServerSpec = haproxy(
  "HAProxy return",
  () => `  http-request return status 200 content-type text/plain string "hello world."\n`,
);

const backend = (place: Place, how: string) =>
  `  default_backend back
backend back
  server upstream ${formatAddress(place.upstream!)}${how}
`;

export const haproxyProxyHttp2: ServerSpec = haproxy("HAProxy", (place) => backend(place, ""));
export const haproxyProxyBothHttp2: ServerSpec = haproxy(
  "HAProxy",
  (place) => backend(place, " proto h2"),
);

/** Every request to the upstream over HTTP/2 with prior knowledge. */
const bothLines = `        proxy.http2.ratio: 100
        proxy.http2.force-cleartext: ON
`;
export const hayateProxyBothHttp2: ServerSpec = {
  ...hayateProxy,
  files: (place) => ({ "proxy.conf": h2oConfig(place) + bothLines }),
};
export const h2oProxyBothHttp2: ServerSpec = {
  ...h2oProxy,
  files: (place) => ({ "h2o.conf": h2oConfig(place) + bothLines }),
};

/** Deno.serve over TLS speaks HTTP/2; without TLS it knows the preface, too. */
export const denoServeHttp2: ServerSpec = {
  name: "Deno.serve",
  program: "deno",
  files: ({ address, certificate }) => {
    if (address.kind !== "tcp") throw new TypeError("Cannot use a unix socket here");
    const tls = certificate === null ? "" : `
  cert: Deno.readTextFileSync(${JSON.stringify(certificate.certificateFile)}),
  key: Deno.readTextFileSync(${JSON.stringify(certificate.keyFile)}),`;
    return {
      ...appFiles,
      "main.js": `import app from "./app.js";
Deno.serve({
  hostname: ${JSON.stringify(address.host)},
  port: ${address.port},
  onListen: () => {},${tls}
}, app.fetch);
`,
    };
  },
  args: ({ folder }) => ["run", "--quiet", "--no-config", "--allow-all", `${folder}/main.js`],
};
