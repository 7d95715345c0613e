/** The pages of `hayate help serve TOPIC`. */
import { http2LimitsText } from "../../conn/exchange/http2_limits_text.ts";
import { defaultHttp2Options } from "../../conn/exchange/http2_options.ts";
import { letsEncrypt, stateDefault } from "../../acme/core/settings.ts";
import type { Topic } from "../../cli/mod.ts";
import { sitesTopic } from "./sites.ts";

const appText = `An app

A module with a fetch function in its default export, as for deno serve, Bun and
Cloudflare Workers.

  export default {
    fetch(request, info) {
      return new Response("hello " + new URL(request.url).pathname);
    },
  };

The default export may also be such a function itself, or an app of express, fastify
or koa. An app that opens its own server, with Deno.serve or createServer of node:http,
is served, too: its port gives way to hayate's flags. Upgrade events of node:http are
not emitted: use info.upgrade or Deno.upgradeWebSocket.

What frameworks build for Node runs without change: the server of SvelteKit
(build/index.js), Astro (dist/server/entry.mjs), Nuxt (.output/server/index.mjs) and
Hono's Node adapter. React Router has its server on npm:

  hayate serve node_modules/@react-router/serve/bin.js -- build/server/index.js

The words after -- are the app's command line (Deno.args, process.argv). PORT is set to
the port of hayate's flags, unless it is set already.

request is a Request. fetch returns a Response or a promise of one. Bodies may
stream in both directions; one of unknown length is chunked for HTTP/1.1 clients.

info.remoteAddr, info.localAddr   {transport: "tcp", hostname, port} or
                                  {transport: "unix", path}
info.scheme, info.host            as in request.url; see the topic proxies
info.completed                    a promise that resolves when the whole response
                                  has been written to the socket
info.trailers                     trailer fields, after the request body is read
info.setTrailers({...})           trailer fields to send after a streamed body
info.upgrade({protocol})          {response, socket}: accept a WebSocket

A WebSocket accepts messages up to --max-message (16 MiB). socket.bufferedAmount is
the number of bytes queued for a slow client. The connection is reset when the app
sends with more than four times --max-message queued, or when the client reads
nothing for --write-timeout; the app gets an error event and a close event with code
1006.

When the client disconnects before its response is complete, request.signal is
aborted with an AbortError, and a streamed body is cancelled.

When a handler throws, the client gets a 500 and one log line has the stack; the
connection stays open and the worker keeps serving.

.ts, .tsx and .jsx files need no build: they are compiled at start, not type-checked.
Names are resolved as in Node and Deno:

  import { Hono } from "hono"       node_modules beside the app or above it: exports,
                                    imports, CommonJS and native packages
  npm:hono@4, jsr:@std/path         the same folders
  jsr:@std/path, https://...        a vendor folder beside deno.json, or Deno's cache
                                    (DENO_DIR) with the versions of deno.lock
  deno.json, tsconfig.json          imports, workspaces, paths, JSX and decorators

Nothing is downloaded: deno install --entrypoint app.ts stores what is missing.

What has been compiled is kept in $XDG_CACHE_HOME/hayate (~/.cache/hayate), which must
be ours alone, until a file of the app changes; esbuild, which compiles, is kept there,
too (11 MB). Without such a folder each start compiles again. emitDecoratorMetadata is
not supported.

hayate build app.ts -o app makes an executable of it; see hayate help build.

Optional exports:
  export function beforeFork(slot) {}   in the master, before a worker starts
  export function afterFork(slot) {}    in a worker, before it accepts
`;

const signalsText = `Signals of hayate serve

  TERM, INT   graceful shutdown: stop accepting, finish the requests in progress
                within --graceful-timeout, exit. A second one stops at once, and
                the number of requests cut off is logged
    QUIT        stop at once
    HUP         without a supervisor: load the app again in new workers, then
                shut the old ones down gracefully
    TTIN, TTOU  add or remove one worker
    USR1        reopen the log files
    USR2        used by hayate serve profile; does nothing by itself

Under hayate supervise, send HUP to the supervisor.
`;

const listenText = `Where hayate serve listens

  --port 8080             0.0.0.0:8080; --host chooses another address
  --path /run/app.sock    unix socket; --path-mode 0660
  SERVER_STARTER_PORT     sockets from hayate supervise or start_server
  LISTEN_FDS              sockets from systemd

Inherited sockets replace --port and --path. With several workers the master opens the
sockets and keeps them when a worker is replaced, so that no queue of waiting
connections is lost. The workers share them, and each takes as many connections as the
others have. With --reuse-port each has a queue of its own, and the kernel assigns
connections by chance.

HAYATE_REACTOR=portable uses no FFI in the workers, but cannot inherit sockets: each
worker binds a socket of its own next to the master's. When a worker is replaced, the
connections in its queue are lost, unless net.ipv4.tcp_migrate_req is 1. Several such
workers cannot share a unix socket or the sockets of a supervisor.

The kernel limits --backlog to net.core.somaxconn; hayate logs when that happens.
`;

const tlsText = `TLS

  --port 8080/tls, --tls      one port, or every socket
  PORTS="80 443"              an entry that ends in 443 or /tls
  --cert FILE --key FILE      your own certificate; HAYATE_CERT and HAYATE_KEY name
                              the files, too. A new file is used within ten seconds
  --domain www.example.com    one from a CA (ACME, RFC 8555)
  none of them                a self-signed one, the same for all workers

--domain listens on 80 and 443, unless --port, --path or PORTS say otherwise; a --port
that ends in 443 speaks TLS then. Names are separated by commas. TLS_DOMAIN is its
default. It accepts the CA's terms of service.

  --acme-directory    the CA (${letsEncrypt})
  --acme-email        where the CA writes about the account
  --acme-ca-file      CAs to trust for the directory itself, in PEM
  --acme-state        folder for account, keys and certificates, mode 0700
                      (${stateDefault}). Hosts that share it order once.
                      memory: each start orders again

The CA asks on port 80 (HTTP-01) or on port 443 (TLS-ALPN-01); one of the two must
reach us. The app does not see questions for our own pending tokens. A self-signed
certificate is served until the first is there. Renewals lose no connection. After a
failure the old certificate stays, and the next attempt waits: a minute, then more, up
to a day, over restarts too.

hayate proxy certs --state FOLDER lists names, issuers, days left, the next renewal
and the last error. Under hayate supervise with TLS_DOMAIN the supervisor orders, and
--domain is not needed.
`;

const filesText = `Static files

  hayate serve --port 8080 public/

Serves GET and HEAD with media types by extension, ETag and Last-Modified (304),
byte ranges, and an index file for folders. --listing lists folders without one, up
to 10,000 names, and only the names that would be served.

A changed, replaced or removed file is noticed at once, a new precompressed sibling
within a second. When a file is truncated while it is sent, the connection is reset.

FILE.br, FILE.zst or FILE.gz next to FILE is sent to clients that accept it, unless
--no-precompressed. Paths cannot leave the folder: dot-dot in every spelling, NUL
and device files are refused, and symbolic links out of it are followed only with
--outside-links. Names in UTF-8 can be served, percent-encoded; other bytes in names
are answered with 400, because Deno supports only file names that are valid UTF-8.

Names with a leading dot (.git, .env, .htpasswd) are answered with 404, at any depth
and in every spelling; /.well-known/ is served. nginx and Caddy serve such names by
default; --dot-files allow does the same. A link without a dot in its own name is
followed.
`;

const accessLogText = `Access log

  --access-log access.log               a file; - is standard output
    --access-log "| rotatelogs ..."       a command's standard input
    --access-log "pipe:rollback PATH interval=1d baknum=7 maxsize=1G"
                                          a file rotated by age and size
  --access-log syslog:udp://127.0.0.1:514,facility=local7,tag=web
                                        RFC 5424; also tcp://HOST:PORT, unix:/path

Lines are written at least once a second; USR1 reopens files. A command that exits is
restarted. A target that stops reading does not delay requests: up to a megabyte is
queued for it, further lines are dropped and the number is logged.

  --access-log-format combined|common|json|ltsv, or h2o's conversions:
  %h client  %t [time]  %r request line  %s status  %b body bytes  %m method
  %U path  %q query  %H protocol  %V Host  %A %p local address and port
  %{NAME}i %{NAME}o   field of the request; of the response as sent
  %{NAME}x            duration, connect-time, request-header-time,
                      request-body-time, process-time, response-time,
                      request-body-bytes, response-header-bytes, error,
                      http1.request-index, connection-id, ssl.protocol-version,
                      ssl.cipher, ssl.cipher-bits, ssl.session-reused,
                      ssl.server-name
Times are in seconds. Response fields and phases cost nothing unless a format uses
them.
`;

const http2Text = `HTTP/2

With --tls, ALPN offers h2 and http/1.1; without TLS the preface of HTTP/2 is
recognised (prior knowledge), and Upgrade: h2c is ignored, as RFC 9113 has it.
--no-http2 turns both off. An app need not know the version: request.url, headers with
host, trailers and WebSockets (RFC 8441) are the same. Responses follow the client's
priorities (RFC 9218).
A client may have ${defaultHttp2Options.session.streamsMax} requests open on a connection.

${http2LimitsText}`;

const proxiesText = `Behind a proxy

  hayate serve --trust-proxy 10.0.0.0/8,2001:db8::/32 app.ts
  hayate serve --path /run/app.sock --trust-proxy unix: app.ts

X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host are read only when the other end
of the connection is in the list; anybody could send them. The address is the last one of
X-Forwarded-For that is not in the list itself: what a client put before it does not
count. Where proxies append to Proto and Host, too, the elements of the same hop count.

It goes into info.remoteAddr, info.scheme, info.host, request.url, %h and %V of the access
log, rules and sites of a host, and HSTS. info.peerAddr is the proxy; the Host field of
request.headers stays as it was sent.

--trust-proxy-field forwarded reads Forwarded (RFC 7239) and not the others. Use the one
that the proxy sets: it must not pass the client's on, or it must append to it. hayate
proxy, nginx with proxy_add_x_forwarded_for, HAProxy and Caddy append to
X-Forwarded-For and set the other two.
`;

const metricsText = `Metrics

  hayate serve --status-listen /run/app-status.sock app.ts
  curl --unix-socket /run/app-status.sock http://x/metrics

The private listener answers /metrics in Prometheus's format, or in OpenMetrics for a
client that asks for it. On a TCP address it needs the token of the status page.

hayate_requests_total, hayate_responses_total{class}, hayate_response_seconds{class} (a
histogram), hayate_client_aborts_total, hayate_protocol_errors_total,
hayate_shed_requests_total (503 of --max-concurrency), hayate_worker_queued_requests{slot},
hayate_connections, hayate_workers{state}, hayate_worker_starts_total, and for each
worker by slot: hayate_worker_event_loop_lag_seconds (the longest delay of the last ten
to twenty seconds: a handler that does not yield), hayate_worker_heap_bytes,
hayate_worker_resident_memory_bytes.

Counters are sums over all workers, also those that have been replaced, and begin at 0
when the master starts. Nothing is measured without --status-listen.
`;

export const serveTopics: readonly Topic[] = [
  { name: "app", summary: "the interface of an app, TypeScript, imports", text: appText },
  { name: "signals", summary: "what each signal does", text: signalsText },
  { name: "listen", summary: "ports, unix sockets, inherited sockets", text: listenText },
  { name: "tls", summary: "HTTPS, and certificates from a CA", text: tlsText },
  { name: "files", summary: "static files", text: filesText },
  sitesTopic,
  { name: "proxies", summary: "the client's address behind a proxy", text: proxiesText },
  { name: "http2", summary: "HTTP/2 and its limits", text: http2Text },
  { name: "metrics", summary: "counters for Prometheus", text: metricsText },
  { name: "access-log", summary: "targets and formats", text: accessLogText },
];
