import type { Address } from "../../../mod/base/address.ts";
import type { Place, ServerSpec } from "../comparison.ts";
import { documentRoot, documents } from "./documents.ts";

function spell(address: Address): string {
  return address.kind === "unix" ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** As lean as nginx gets: one worker, no log, connections kept for ever (its default is 1000 requests). */
function config(place: Place, http: string, location: string): string {
  const { folder, address, connections, certificate } = place;
  const ssl = certificate === null
    ? ""
    : `    ssl_certificate ${certificate.certificateFile};\n    ssl_certificate_key ${certificate.keyFile};\n`;
  return `worker_processes 1;
daemon off;
error_log ${folder}/error.log warn;
pid ${folder}/nginx.pid;
events { worker_connections ${connections * 2 + 100}; }
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

/** `return 200`: nothing but the codec and the socket. */
export const nginxReturn: ServerSpec = server(
  "nginx return 200",
  (place) => config(place, "  default_type text/plain;\n", 'return 200 "hello world\\n";'),
);

export const nginxFiles: ServerSpec = server(
  "nginx root",
  (place) =>
    config(
      place,
      "  sendfile on;\n  tcp_nopush on;\n  open_file_cache max=100;\n",
      `root ${documentRoot(place)};`,
    ),
  documents,
);

export const nginxProxy: ServerSpec = server("nginx proxy", (place) =>
  config(
    place,
    `  upstream up {
    server ${spell(place.upstream!)};
    keepalive ${place.connections};
    keepalive_requests 1000000000;
  }
`,
    'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";',
  ));
