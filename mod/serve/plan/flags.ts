/** The flags of `hayate serve`. */
import { stateDefault } from "../../acme/core/settings.ts";
import { readHealthAddress } from "../../probes/address.ts";
import { readUser } from "../../process/privileges/user_flag.ts";
import { defineTable } from "../../cli/mod.ts";
import { serverTimeouts } from "../../conn/exchange/timeouts.ts";
import { namedFormats } from "../../log/mod.ts";
import {
  readAddress,
  readCpus,
  readFormat,
  readHost,
  readLogTarget,
  readMode,
  readPeers,
  readPort,
  readWorkers,
} from "./option_values.ts";
import { fileFlags } from "./file_flags.ts";

const listening = "Listening";
const certificates = "Certificates from a CA";
const processes = "Processes";
const http = "HTTP";
const logs = "Logs and status";

/** Timeouts are shown in seconds, also whole minutes. */
function inSeconds(ms: number): string {
  return `${ms / 1000}s`;
}

export const serveTable = defineTable({
  command: "hayate serve",
  summary: "prefork server for a fetch handler, static files or a fixed body",
  usage: ["[options] APP.js|APP.ts [-- ARG...]", "[options] DIR", "[options] --text STR"],
  description: [
    "APP is a module with `export default { fetch(request, info) }`, the shape that deno serve, " +
    "Bun and Cloudflare Workers take, or one that opens a server itself. It gets each ARG in Deno.args " +
    "and process.argv. DIR is served as static files.",
    "Sockets handed over in SERVER_STARTER_PORT (hayate supervise, start_server) or LISTEN_FDS " +
    "(systemd) are used in place of --port and --path.",
    "Signals: TERM and INT shut down gracefully, QUIT stops at once, HUP reloads the app, TTIN and " +
    "TTOU change the number of workers, USR1 reopens the logs.",
  ],
  options: [
    {
      long: "text",
      kind: "string",
      placeholder: "STR",
      help: "Answer every request with this text.",
    },
    {
      long: "host",
      kind: "parsed",
      placeholder: "ADDR",
      parse: readHost,
      default: "0.0.0.0",
      defaultText: "0.0.0.0",
      section: listening,
      help: "IP address for ports given without a host.",
    },
    {
      long: "port",
      short: "p",
      kind: "parsed",
      parse: readPort,
      repeat: true,
      placeholder: "[HOST:]PORT[/tls]",
      defaultText: "8080, or 80 and 443 with --domain",
      section: listening,
      help: "TCP port, with /tls for HTTPS; may be repeated. 0: a free port, which is logged.",
    },
    {
      long: "path",
      kind: "string",
      repeat: true,
      placeholder: "SOCK",
      section: listening,
      help: "Unix socket; may be repeated.",
    },
    {
      long: "path-mode",
      kind: "parsed",
      parse: readMode,
      placeholder: "OCTAL",
      section: listening,
      help: "Mode of the socket files, for example 0660. Default: from the umask.",
    },
    {
      long: "path-owner",
      kind: "string",
      placeholder: "UID[:GID]",
      section: listening,
      help: "Numeric owner of the socket files.",
    },
    {
      long: "reuse-port",
      kind: "flag",
      section: listening,
      help: "Share the port with other processes (SO_REUSEPORT): each worker has its own queue.",
    },
    {
      long: "backlog",
      kind: "integer",
      min: 1,
      max: 1_000_000,
      default: 16384,
      placeholder: "N",
      section: listening,
      help: "Length of the queue of connections waiting to be accepted.",
    },
    {
      long: "tls",
      kind: "flag",
      section: listening,
      help: "Speak TLS on every socket: with --domain, with --cert and --key, or else with a " +
        "self-signed certificate.",
    },
    {
      long: "cert",
      kind: "string",
      placeholder: "FILE",
      section: listening,
      help: "Certificate for TLS, followed by its chain, as PEM. A new file is used at once.",
    },
    {
      long: "key",
      kind: "string",
      placeholder: "FILE",
      section: listening,
      help: "Private key of the certificate, as PEM.",
    },
    {
      long: "domain",
      kind: "string",
      repeat: true,
      placeholder: "NAME[,NAME...]",
      section: certificates,
      help:
        "Order and renew certificates for these names, and speak TLS on ports that end in 443. " +
        "This accepts the CA's terms of service.",
    },
    {
      long: "acme-email",
      kind: "string",
      env: "ACME_EMAIL",
      placeholder: "ADDRESS",
      section: certificates,
      help: "Where the CA writes about the account.",
    },
    {
      long: "acme-directory",
      kind: "string",
      env: "ACME_DIRECTORY",
      placeholder: "URL",
      defaultText: "Let's Encrypt",
      section: certificates,
      help: "The CA.",
    },
    {
      long: "acme-ca-file",
      kind: "string",
      env: "ACME_CA_FILE",
      placeholder: "FILE",
      section: certificates,
      help: "CAs to trust for the directory itself, as PEM; for a CA of your own.",
    },
    {
      long: "acme-state",
      kind: "string",
      env: "ACME_STATE",
      placeholder: "FOLDER",
      defaultText: stateDefault,
      section: certificates,
      help: "Folder for account, keys and certificates; memory: kept until the process ends.",
    },
    {
      long: "user",
      kind: "parsed",
      parse: readUser,
      placeholder: "NAME[:GROUP]",
      env: "HAYATE_USER",
      section: processes,
      help: "For root: run the app as this user, by name or id, with its groups. A parent keeps " +
        "root, binds the ports and opens the certificates and logs of the command line.",
    },
    {
      long: "workers",
      short: "w",
      kind: "parsed",
      parse: readWorkers,
      placeholder: "N|auto",
      default: "auto",
      defaultText: "auto, the CPUs that this process may use",
      section: processes,
      help: "Number of worker processes under a master. 1: one process, no master.",
    },
    {
      long: "cpu-affinity",
      kind: "parsed",
      parse: readCpus,
      placeholder: "LIST|auto",
      section: processes,
      help:
        "Keep each worker on one CPU: those of LIST in turn, such as 0-3,6; auto: all that this " +
        "process may use. Programs that an app starts stay there, too.",
    },
    {
      long: "max-requests-per-child",
      kind: "count",
      min: 1,
      placeholder: "N",
      section: processes,
      help: "Replace a worker after this many requests.",
    },
    {
      long: "min-requests-per-child",
      kind: "count",
      min: 1,
      placeholder: "N",
      section: processes,
      help: "With --max-requests-per-child: pick a random limit between the two for each worker, " +
        "so that they are not all replaced at once.",
    },
    {
      long: "timeout",
      key: "timeoutMs",
      kind: "duration",
      default: 0,
      defaultText: "none",
      placeholder: "TIME",
      section: processes,
      help:
        "Timeout for the app's handler. A worker that it blocks is killed, and the request is " +
        "logged; a response that is only awaited becomes 504. 0 disables.",
    },
    {
      long: "watch",
      kind: "flag",
      env: "HAYATE_WATCH",
      section: processes,
      help:
        "Load the app again when one of its own files changes, as HUP does. An edit that does " +
        "not load changes nothing, and its error is logged. Needs a master, which it starts.",
    },
    {
      long: "shutdown-delay",
      key: "shutdownDelayMs",
      kind: "duration",
      default: 0,
      env: "SHUTDOWN_DELAY",
      placeholder: "TIME",
      section: processes,
      help:
        "After TERM go on accepting for this time, with Connection: close and /readyz at 503, " +
        "so that balancers stop sending; a second TERM, or INT, cuts it short. Under a " +
        "supervisor its own delay counts.",
    },
    {
      long: "graceful-timeout",
      key: "gracefulTimeoutMs",
      kind: "duration",
      default: 30_000,
      defaultText: "30s",
      env: "DRAIN_TIMEOUT",
      placeholder: "TIME",
      section: processes,
      help: "Timeout for requests in progress after TERM.",
    },
    {
      long: "start-timeout",
      key: "startTimeoutMs",
      kind: "duration",
      default: 30_000,
      defaultText: "30s",
      placeholder: "TIME",
      section: processes,
      help: "Timeout for loading the app, with its top-level await and afterFork; then exit 78. " +
        "0 disables.",
    },
    {
      long: "spawn-interval",
      key: "spawnIntervalMs",
      kind: "duration",
      default: 0,
      placeholder: "TIME",
      section: processes,
      help: "Delay between the starts of two workers.",
    },
    {
      long: "error-respawn-interval",
      key: "errorRespawnIntervalMs",
      kind: "duration",
      default: 1000,
      defaultText: "1s",
      placeholder: "TIME",
      section: processes,
      help: "Delay before the retry of a worker that failed to start; doubles up to 30 s.",
    },
    {
      long: "max-memory",
      key: "memoryBytesMax",
      kind: "size",
      placeholder: "SIZE",
      section: processes,
      help: "Replace a worker whose resident memory exceeds this.",
    },
    {
      long: "max-heap",
      key: "heapBytesMax",
      kind: "size",
      min: 32 << 20,
      placeholder: "SIZE",
      section: processes,
      help: "Replace a worker whose JavaScript heap is nearly this large: a new one starts, and " +
        "the old one drains. A worker that still grows by twice as much and 256M is ended.",
    },
    {
      long: "max-concurrency",
      kind: "count",
      min: 1,
      placeholder: "N",
      section: processes,
      help: "Let the app of a worker work on N requests at once; a streamed response and a " +
        "WebSocket count until they end. More wait in the queue, or get 503 with Retry-After.",
    },
    {
      long: "queue",
      kind: "count",
      min: 0,
      placeholder: "M",
      defaultText: "0",
      section: processes,
      help: "With --max-concurrency: let M more requests of a worker wait for their turn.",
    },
    {
      long: "chunked",
      kind: "enum",
      values: ["auto", "always", "never"],
      default: "auto",
      placeholder: "MODE",
      section: http,
      help:
        "Framing of responses. auto: chunked for HTTP/1.1 clients when the length is unknown; " +
        "always: also for streams of known length; never: close the connection instead.",
    },
    {
      long: "max-body",
      key: "bodyBytesMax",
      kind: "size",
      default: 1024 ** 3,
      defaultText: "1G",
      placeholder: "SIZE",
      section: http,
      help: "Largest request body; a larger one is answered with 413. 0: no limit.",
    },
    {
      long: "max-head",
      key: "headBytesMax",
      kind: "size",
      min: 256,
      default: 65_536,
      defaultText: "64k",
      placeholder: "SIZE",
      section: http,
      help: "Largest request head.",
    },
    {
      long: "max-message",
      key: "messageBytesMax",
      kind: "size",
      default: 16 * 1024 ** 2,
      defaultText: "16M",
      placeholder: "SIZE",
      section: http,
      help:
        "Largest WebSocket message from a client; a larger one closes with code 1009. 0: no limit.",
    },
    {
      long: "max-requests-per-connection",
      key: "connectionRequestsMax",
      kind: "count",
      default: 0,
      defaultText: "no limit",
      placeholder: "N",
      section: http,
      help: "Close a connection after this many requests.",
    },
    {
      long: "head-timeout",
      key: "headTimeoutMs",
      kind: "duration",
      default: serverTimeouts.headTimeoutMs,
      defaultText: inSeconds(serverTimeouts.headTimeoutMs),
      placeholder: "TIME",
      section: http,
      help: "Timeout for receiving a request head. 0 disables.",
    },
    {
      long: "body-timeout",
      key: "bodyTimeoutMs",
      kind: "duration",
      default: serverTimeouts.bodyTimeoutMs,
      defaultText: inSeconds(serverTimeouts.bodyTimeoutMs),
      placeholder: "TIME",
      section: http,
      help: "Timeout for each read of a request body. 0 disables.",
    },
    {
      long: "idle-timeout",
      key: "idleTimeoutMs",
      kind: "duration",
      default: serverTimeouts.idleTimeoutMs,
      defaultText: inSeconds(serverTimeouts.idleTimeoutMs),
      placeholder: "TIME",
      section: http,
      help: "Timeout for an idle connection between two requests. 0 disables.",
    },
    {
      long: "drain-idle-timeout",
      key: "drainIdleMs",
      kind: "duration",
      default: serverTimeouts.drainIdleMs,
      defaultText: inSeconds(serverTimeouts.drainIdleMs),
      placeholder: "TIME",
      section: http,
      help: "How long a graceful stop keeps idle connections, for requests already on their way.",
    },
    {
      long: "write-timeout",
      key: "writeTimeoutMs",
      kind: "duration",
      default: serverTimeouts.writeTimeoutMs,
      defaultText: inSeconds(serverTimeouts.writeTimeoutMs),
      placeholder: "TIME",
      section: http,
      help: "Timeout for a client to read any of the output queued for it. 0 disables.",
    },
    {
      long: "allow-half-open",
      kind: "flag",
      section: http,
      help: "Answer a client that has closed its sending side. Without this flag its request is " +
        "aborted, as if it had disconnected.",
    },
    {
      long: "http2",
      kind: "flag",
      default: true,
      negatable: true,
      section: http,
      help: "Speak HTTP/2 with clients that ask for it: with TLS by ALPN, else by its preface.",
    },
    {
      long: "trust-proxy",
      kind: "parsed",
      parse: readPeers,
      repeat: true,
      placeholder: "CIDR[,CIDR...]",
      section: http,
      help: "Believe X-Forwarded-For, -Proto and -Host of these peers: addresses, blocks, or " +
        "unix: for those on unix sockets; see hayate help serve proxies.",
    },
    {
      long: "trust-proxy-field",
      kind: "enum",
      values: ["x-forwarded", "forwarded"],
      default: "x-forwarded",
      placeholder: "NAME",
      section: http,
      help: "What trusted proxies set: the X-Forwarded fields, or Forwarded (RFC 7239). The " +
        "other one is what a client may have sent.",
    },
    ...fileFlags,
    {
      long: "access-log",
      kind: "parsed",
      parse: readLogTarget,
      placeholder: "TARGET",
      section: logs,
      help: "A file, `| command`, `syslog:udp://HOST` (or tcp, unix:/PATH), or - for stdout.",
    },
    {
      long: "access-log-format",
      kind: "parsed",
      parse: readFormat,
      default: "combined",
      placeholder: "FORMAT",
      section: logs,
      help: `h2o's format string, or one of ${Object.keys(namedFormats).join(", ")}.`,
    },
    {
      long: "log-format",
      kind: "enum",
      values: ["text", "json"],
      defaultText: "text",
      section: logs,
      help: "Form of this program's own lines, not of access logs; json is one object a line.",
    },
    {
      long: "log-to",
      kind: "enum",
      values: ["stdout", "stderr"],
      defaultText: "stderr",
      section: logs,
      help: "Where this program's own lines go.",
    },
    {
      long: "health",
      kind: "parsed",
      parse: readHealthAddress,
      placeholder: "ADDR",
      env: "HAYATE_HEALTH",
      section: logs,
      help: "Answer /livez and /readyz at PORT, HOST:PORT or a unix path. /readyz is 503 until " +
        "the app serves and once a stop has begun. See also: hayate health.",
    },
    {
      long: "status-listen",
      kind: "parsed",
      parse: readAddress,
      placeholder: "ADDR",
      section: logs,
      help:
        "Private listener (a path or HOST:PORT) for the status page and /metrics in the form of " +
        "Prometheus; see hayate serve status.",
    },
    {
      long: "status-token",
      kind: "string",
      env: "HAYATE_TOKEN",
      placeholder: "TEXT",
      section: logs,
      help: "Token that clients of --status-listen must send; required on a TCP address.",
    },
    {
      long: "status-token-file",
      kind: "string",
      placeholder: "FILE",
      section: logs,
      help: "Read the token from the first line of FILE, to keep it out of the process list.",
    },
    {
      long: "status-path",
      kind: "string",
      default: "/status",
      placeholder: "PATH",
      section: logs,
      help: "Path of the status page on the private listener.",
    },
    {
      long: "quiet",
      short: "q",
      kind: "flag",
      section: logs,
      help: "Log warnings and errors only.",
    },
  ],
  operands: { name: "APP or DIR", min: 0, max: 1 },
  restAfterDashes: true,
  examples: [
    { run: "hayate serve --port 8080 app.ts", about: "run an app" },
    { run: "hayate serve --workers auto --path /run/app.sock app.js", about: "behind a proxy" },
    { run: "hayate serve --domain www.example.com app.ts", about: "HTTP on 80, HTTPS on 443" },
    { run: "hayate serve --port 8080 --listing public/", about: "static files" },
    {
      run: "hayate serve --spa --compress --cache 'assets/** immutable' dist/",
      about: "a single-page application",
    },
    { run: 'hayate serve --text "hello world"', about: "a fixed response, for benchmarks" },
    {
      run: "hayate supervise --port 80 -- serve --workers auto app.ts",
      about: "replace the app without losing a request",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "stopped by a signal" },
    { code: 1, meaning: "cannot listen, or the first worker failed to start" },
    { code: 2, meaning: "wrong usage" },
    { code: 78, meaning: "the app cannot be loaded" },
  ],
  environment: [
    { name: "SERVER_STARTER_PORT", help: "listening sockets from Server::Starter" },
    { name: "LISTEN_FDS", help: "listening sockets from systemd" },
    {
      name: "HAYATE_CERT, HAYATE_KEY",
      help: "certificate and key for TLS without --cert, --key",
    },
    { name: "TLS_DOMAIN", help: "default for --domain, separated by blanks or commas" },
    {
      name: "PORTS",
      help:
        'what to listen on without --port and --path, such as "80 443"; a port that ends in 443 ' +
        "speaks TLS",
    },
    { name: "HAYATE_LOG_FORMAT, HAYATE_LOG_TO", help: "defaults for --log-format and --log-to" },
    { name: "HAYATE_REACTOR", help: "epoll or portable; chosen automatically when not set" },
  ],
});
