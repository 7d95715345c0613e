/** The pages of `hayate help serve TOPIC`. */
import type { Topic } from "../../cli/mod.ts";

const appText = `An app

A module with a fetch function in its default export: the shape that deno serve, Bun
and Cloudflare Workers take.

  export default {
    fetch(request, info) {
      return new Response("hello " + new URL(request.url).pathname);
    },
  };

request is a Request. The answer is a Response or a promise of one. It may stream
in both directions; a body of unknown length is chunked for HTTP/1.1 clients.

info.remoteAddr, info.localAddr   {transport: "tcp", hostname, port} or
                                  {transport: "unix", path}
info.completed                    a promise: the response has been handed to the
                                  system
info.trailers                     trailer fields, once the request's body is read
info.setTrailers({...})           trailer fields behind a streamed body
info.upgrade({protocol})          {response, socket}: accept a WebSocket

A WebSocket accepts messages up to --max-message (16 MiB). socket.bufferedAmount tells
how much waits for a client that reads slowly. When more than four times --max-message
waits and the app sends more, or the client has taken nothing for --write-timeout, the
connection is reset: the app gets an error event and a close event with code 1006.

request.signal is aborted with an AbortError, and a streamed body cancelled, when the
client leaves before its answer is complete.

A handler that throws is a 500 for its client and one log line with the stack; the
connection and the worker go on.

.ts files run as they are: their types are stripped, not checked. Imports are
resolved when the app starts: relative files, and JSON. What needs node_modules has
to be bundled into one file first, for example with esbuild --bundle --format=esm.

Optional exports:
  export function beforeFork(slot) {}   in the master, before a worker starts
  export function afterFork(slot) {}    in a worker, before it accepts
`;

const signalsText = `Signals of hayate serve

  TERM, INT   stop accepting, answer what has begun, end; at most
              --graceful-timeout. Another one ends at once; the log says how
              much was cut
  QUIT        end at once
  HUP         without a supervisor: workers with the app loaded afresh, then the
              old ones end
  TTIN, TTOU  one worker more, one less
  USR1        open log files again

Under hayate supervise send HUP to the supervisor.
`;

const listenText = `Where hayate serve listens

  --port 8080             0.0.0.0:8080; --host chooses another address
  --path /run/app.sock    unix socket; --path-mode 0660
  SERVER_STARTER_PORT     sockets from hayate supervise or start_server
  LISTEN_FDS              sockets from systemd

Sockets that are handed over are used in place of --port and --path. With several
workers the master makes one SO_REUSEPORT socket for each and keeps it when a worker
is replaced, so that no connection waits in a queue that is thrown away.

HAYATE_REACTOR=portable can do without FFI in the workers, but cannot take sockets
over: there each worker binds a socket of its own beside the master's, so a worker
that is replaced loses what waits in its queue, unless net.ipv4.tcp_migrate_req is
1. Several such workers cannot share a unix socket or what a supervisor hands over.

--backlog is clipped by the kernel to net.core.somaxconn; hayate says so when it is.
`;

const filesText = `Static files

  hayate serve --port 8080 public/

Answers GET and HEAD with types by extension, ETag and Last-Modified (304), byte
ranges, and an index file for folders. --listing lists folders without one: the
names that would be answered, up to 10,000.

A changed, replaced or removed file shows at once, a new precompressed sibling
within a second. When a file is truncated while it is sent, the connection is cut.

FILE.br, FILE.zst or FILE.gz beside FILE is sent to clients that take it, unless
--no-precompressed. Paths cannot leave the folder: dot-dot in every spelling, NUL
and device files are refused, symbolic links out of it only followed with
--outside-links. Any name in UTF-8 can be served, percent-encoded; other bytes in
names are answered 400, because Deno knows names as text only.

Names with a leading dot (.git, .env, .htpasswd) are answered 404, at any depth and
in every spelling; /.well-known/ is open. nginx and Caddy serve them unless told not
to: --dot-files allow does the same. A link without a dot in its own name is
followed.
`;

const accessLogText = `Access log

  --access-log access.log               a file; - is standard output
  --access-log "| rotatelogs ..."       a command's standard input
  --access-log "pipe:rollback PATH interval=1d baknum=7 maxsize=1G"
                                        a file that is moved away by age and size
  --access-log syslog:udp://127.0.0.1:514,facility=local7,tag=web
                                        RFC 5424; also tcp://HOST:PORT, unix:/path

Lines are written at least once a second; USR1 opens files again. A command that
dies is started again. A target that takes nothing holds up no request: a megabyte
waits for it, lines beyond are lost, counted, and the count is said.

  --access-log-format combined|common|json|ltsv, or h2o's conversions:
  %h client  %t [time]  %r request line  %s status  %b body bytes  %m method
  %U path  %q query  %H protocol  %V Host  %A %p local address and port
  %{NAME}i %{NAME}o   field of the request, of the response as it was sent
  %{NAME}x            duration, connect-time, request-header-time,
                      request-body-time, process-time, response-time,
                      request-body-bytes, response-header-bytes, error,
                      http1.request-index, connection-id, ssl.protocol-version,
                      ssl.cipher, ssl.cipher-bits, ssl.session-reused,
                      ssl.server-name
Times are seconds. Response fields and phases cost nothing where no format asks.
`;

export const serveTopics: readonly Topic[] = [
  { name: "app", summary: "the shape of an app, TypeScript, imports", text: appText },
  { name: "signals", summary: "what each signal does", text: signalsText },
  { name: "listen", summary: "ports, unix sockets, inherited sockets", text: listenText },
  { name: "files", summary: "static files", text: filesText },
  { name: "access-log", summary: "targets and formats", text: accessLogText },
];
