import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { documentRoot, documentsOf } from "./documents.ts";
import { hostName, peersOf } from "./many.ts";

function spell(address: Address): string {
  return address.kind === "unix" ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** A minimal nginx: one worker, no log, connections kept forever (its default is 1000 requests). */
function config(place: Place, http: string, location: string): string {
  const { folder, address, connections, certificate } = place;
  const slots = connections * 2 + 100;
  // nginx 1.22 does not enable TLS 1.3 by default, which would make its handshakes incomparable.
  const ssl = certificate === null ? "" : `    ssl_certificate ${certificate.certificateFile};
    ssl_certificate_key ${certificate.keyFile};
    ssl_protocols TLSv1.2 TLSv1.3;
`;
  return `worker_processes 1;
worker_rlimit_nofile ${slots};
daemon off;
error_log ${folder}/error.log warn;
pid ${folder}/nginx.pid;
events { worker_connections ${slots}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
${http}  server {
    listen ${spell(address)}${address.kind === "tcp" ? " backlog=16384" : ""}${ssl && " ssl"};
${ssl}    location / { ${location} }
  }
}
`;
}

function server(
  name: string,
  text: (place: Place) => string,
  files: Readonly<Record<string, string>> = {},
): ServerSpec {
  return {
    name,
    program: "nginx",
    files: (place) => ({ ...files, "nginx.conf": text(place) }),
    args: ({ folder }) => ["-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`],
  };
}

/** `return 200`: measures only the codec and the socket. */
export const nginxReturn: ServerSpec = server(
  "nginx return 200",
  (place) => config(place, "  default_type text/plain;\n", 'return 200 "hello world\\n";'),
);

/** Fields and a body of its own for each answer. */
export const nginxReturnVaried: ServerSpec = server("nginx return 200, varied", (place) =>
  config(
    place,
    "  default_type text/plain;\n",
    'add_header X-Request-Id $request_id; add_header ETag "\\"$request_id\\""; ' +
      'add_header Set-Cookie "session=$request_id; Path=/; HttpOnly"; ' +
      'add_header Cache-Control private; return 200 "hello $request_id\\n";',
  ));

/** `nginxReturn` on all addresses from 127.0.0.1 to 127.0.0.COUNT, as COUNT peers of one upstream. */
export function nginxReturnOn(count: number): ServerSpec {
  return server(nginxReturn.name, (place) => {
    if (place.address.kind !== "tcp") {
      throw new TypeError("Cannot be several peers on a unix socket");
    }
    const { port } = place.address;
    const listens = Array.from(
      { length: count },
      (_, index) => `    listen 127.0.0.${index + 1}:${port} backlog=16384;\n`,
    );
    return config(place, "  default_type text/plain;\n", 'return 200 "hello world\\n";')
      .replace(/^ {4}listen .*\n/m, listens.join(""));
  });
}

/** A response without a file or upstream, which a reverse proxy can also send. */
export const nginxRedirect: ServerSpec = server(
  "nginx return 301",
  (place) =>
    config(
      place,
      "  ssl_session_cache shared:tls:10m;\n",
      "return 301 http://localhost/elsewhere;",
    ),
);

/** One file of `bytes` bytes, with sendfile. */
export function nginxFiles(bytes: number): ServerSpec {
  return server(
    "nginx root",
    (place) =>
      config(
        place,
        "  sendfile on;\n  tcp_nopush on;\n  open_file_cache max=100;\n",
        `root ${documentRoot(place)};`,
      ),
    documentsOf(bytes),
  );
}

export const nginxProxy: ServerSpec = server(
  "nginx proxy",
  (place) => proxyConfig(place, [spell(place.upstream!)], place.connections),
);

/** In front of `count` peers: one for each address from 127.0.0.1 on. */
export function nginxProxyOver(count: number): ServerSpec {
  return server("nginx proxy", (place) => {
    // A connection to each peer is kept, and counts as one.
    const roomy = { ...place, connections: place.connections + count };
    return proxyConfig(roomy, peersOf(place, count), roomy.connections);
  });
}

/** With `count` hosts, each of which goes to the upstream. */
export function nginxProxyHosts(count: number): ServerSpec {
  return server("nginx proxy", (place) => {
    const text = proxyConfig(place, [spell(place.upstream!)], place.connections)
      .replace("http {\n", "http {\n  server_names_hash_max_size 65536;\n");
    const from = text.indexOf("  server {\n    listen");
    const one = text.slice(from, text.lastIndexOf("}"));
    const named = Array.from(
      { length: count },
      (_, index) => one.replace("listen", `server_name ${hostName(index)};\n    listen`),
    );
    // Options of a listening socket may be given once.
    const plain = named.map((each, index) =>
      index === 0 ? each : each.replace(" backlog=16384", "")
    );
    return `${text.slice(0, from)}${plain.join("")}}\n`;
  });
}

function proxyConfig(place: Place, servers: readonly string[], keepalive: number): string {
  return config(
    place,
    `  upstream up {
${servers.map((each) => `    server ${each};\n`).join("")}    keepalive ${keepalive};
    keepalive_requests 1000000000;
  }
`,
    'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; ' +
      // Bodies larger than the memory buffers would otherwise go through a temporary file.
      "proxy_buffers 64 8k; proxy_max_temp_file_size 0;",
  );
}

/** `server` with `workers` processes. */
export function nginxBy(workers: number, server: ServerSpec): ServerSpec {
  const one = "worker_processes 1;";
  return {
    ...server,
    files: (place) =>
      Object.fromEntries(
        Object.entries(server.files!(place)).map(([name, text]) => [
          name,
          text.replace(one, `worker_processes ${workers};`),
        ]),
      ),
  };
}
