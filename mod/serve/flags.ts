/** The flags of `hayate serve`. */
import { defineTable, Wrong } from "../cli/mod.ts";
import { compileAccessFormat, namedFormats, parseLogTarget } from "../log/mod.ts";
import { isIpLiteral, parseHostAddress } from "../config/addresses.ts";

const listening = "Where it listens";
const processes = "Processes";
const http = "HTTP";
const files = "Static files";
const logs = "Logs and status";

export const serveTable = defineTable({
  command: "hayate serve",
  summary: "prefork server for a fetch handler, static files or a fixed body",
  usage: ["[options] APP.js|APP.ts", "[options] DIR", "[options] --text STR"],
  description: [
    "APP is a module with `export default { fetch(request, info) }`, the shape that deno serve, " +
    "Bun and Cloudflare Workers take. DIR is served as static files.",
    "Sockets handed over in SERVER_STARTER_PORT (hayate supervise, start_server) or LISTEN_FDS " +
    "(systemd) are used in place of --port and --path.",
    "Signals: TERM and INT finish what runs, QUIT stops at once, HUP starts the app afresh, TTIN " +
    "and TTOU change the number of workers, USR1 opens logs again.",
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
      help: "IP address for the ports that name none.",
    },
    {
      long: "port",
      short: "p",
      kind: "parsed",
      parse: readPort,
      repeat: true,
      placeholder: "[HOST:]PORT",
      defaultText: "8080",
      section: listening,
      help: "TCP port; may be repeated. 0 takes a free one and says which.",
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
      help: "Mode of the socket files, for example 0660; else umask decides.",
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
      help: "Share the port with other processes (SO_REUSEPORT).",
    },
    {
      long: "backlog",
      kind: "integer",
      min: 1,
      max: 1_000_000,
      default: 16384,
      placeholder: "N",
      section: listening,
      help: "Queue of connections that nobody has accepted yet.",
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
      help: "Worker processes, kept by a master. 1: one process, no master.",
    },
    {
      long: "max-requests-per-child",
      kind: "count",
      min: 1,
      placeholder: "N",
      section: processes,
      help: "Replace a worker after so many requests.",
    },
    {
      long: "min-requests-per-child",
      kind: "count",
      min: 1,
      placeholder: "N",
      section: processes,
      help: "With the former: after a random number in between, so that not all retire at once.",
    },
    {
      long: "timeout",
      key: "timeoutMs",
      kind: "duration",
      default: 0,
      defaultText: "none",
      placeholder: "TIME",
      section: processes,
      help: "Kill a worker whose handler blocks it for so long, and say which request it was. " +
        "An answer that is merely awaited for so long becomes 504.",
    },
    {
      long: "graceful-timeout",
      key: "gracefulTimeoutMs",
      kind: "duration",
      default: 30_000,
      defaultText: "30s",
      placeholder: "TIME",
      section: processes,
      help: "How long requests that run may take after TERM.",
    },
    {
      long: "spawn-interval",
      key: "spawnIntervalMs",
      kind: "duration",
      default: 0,
      placeholder: "TIME",
      section: processes,
      help: "Pause between the starts of two workers.",
    },
    {
      long: "error-respawn-interval",
      key: "errorRespawnIntervalMs",
      kind: "duration",
      default: 1000,
      defaultText: "1s",
      placeholder: "TIME",
      section: processes,
      help: "Pause before a worker that failed to start is tried again; doubles up to 30 s.",
    },
    {
      long: "max-memory",
      key: "memoryBytesMax",
      kind: "size",
      placeholder: "SIZE",
      section: processes,
      help: "Replace a worker whose resident memory is larger.",
    },
    {
      long: "chunked",
      kind: "enum",
      values: ["auto", "always", "never"],
      default: "auto",
      placeholder: "MODE",
      section: http,
      help: "Bodies of unknown length: auto and always chunk them for HTTP/1.1 clients; never " +
        "closes the connection at their end. always chunks streams of known length too.",
    },
    {
      long: "max-body",
      key: "bodyBytesMax",
      kind: "size",
      default: 1024 ** 3,
      defaultText: "1G",
      placeholder: "SIZE",
      section: http,
      help: "Largest request body; beyond it the answer is 413. 0: no limit.",
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
      long: "max-requests-per-connection",
      key: "connectionRequestsMax",
      kind: "count",
      default: 0,
      defaultText: "no limit",
      placeholder: "N",
      section: http,
      help: "Close a connection after so many requests.",
    },
    {
      long: "head-timeout",
      key: "headTimeoutMs",
      kind: "duration",
      default: 10_000,
      defaultText: "10s",
      placeholder: "TIME",
      section: http,
      help: "For a request head to arrive. 0 turns this and the next three off.",
    },
    {
      long: "body-timeout",
      key: "bodyTimeoutMs",
      kind: "duration",
      default: 30_000,
      defaultText: "30s",
      placeholder: "TIME",
      section: http,
      help: "Between two pieces of a request body.",
    },
    {
      long: "idle-timeout",
      key: "idleTimeoutMs",
      kind: "duration",
      default: 60_000,
      defaultText: "60s",
      placeholder: "TIME",
      section: http,
      help: "Between two requests of a connection.",
    },
    {
      long: "write-timeout",
      key: "writeTimeoutMs",
      kind: "duration",
      default: 60_000,
      defaultText: "60s",
      placeholder: "TIME",
      section: http,
      help: "For a client to take some of the output that waits for it.",
    },
    {
      long: "index",
      kind: "string",
      repeat: true,
      placeholder: "NAME",
      defaultText: "index.html",
      section: files,
      help: "File that stands for its folder; may be repeated.",
    },
    {
      long: "listing",
      kind: "flag",
      section: files,
      help: "List folders that have no index.",
    },
    {
      long: "outside-links",
      kind: "flag",
      section: files,
      help: "Follow symbolic links that lead out of DIR.",
    },
    {
      long: "dot-files",
      kind: "enum",
      values: ["deny", "allow"],
      default: "deny",
      placeholder: "MODE",
      section: files,
      help: "Names with a leading dot, such as .git and .env: deny answers 404 (/.well-known/ " +
        "is served all the same), allow serves them.",
    },
    {
      long: "precompressed",
      kind: "flag",
      default: true,
      negatable: true,
      section: files,
      help: "Send .br, .zst and .gz siblings to clients that take them.",
    },
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
      long: "status-listen",
      kind: "parsed",
      parse: readAddress,
      placeholder: "ADDR",
      section: logs,
      help: "Private listener (a path or HOST:PORT) for the scoreboard; see hayate serve status.",
    },
    {
      long: "status-path",
      kind: "string",
      default: "/status",
      placeholder: "PATH",
      section: logs,
      help: "Where on the private listener the scoreboard is.",
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
  examples: [
    { run: "hayate serve --port 8080 app.ts", about: "run an app" },
    { run: "hayate serve --workers auto --path /run/app.sock app.js", about: "behind a proxy" },
    { run: "hayate serve --port 8080 --listing public/", about: "static files" },
    { run: 'hayate serve --text "hello world"', about: "a fixed answer, for benchmarks" },
    {
      run: "hayate supervise --port 80 -- serve --workers auto app.ts",
      about: "replace the app without losing a request",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "stopped by a signal" },
    { code: 1, meaning: "cannot listen, or a worker cannot be kept alive" },
    { code: 2, meaning: "wrong usage" },
    { code: 78, meaning: "the app does not load" },
  ],
  environment: [
    { name: "SERVER_STARTER_PORT", help: "listening sockets from Server::Starter" },
    { name: "LISTEN_FDS", help: "listening sockets from systemd" },
    { name: "HAYATE_REACTOR", help: "epoll or portable; chosen by itself when not set" },
  ],
});

function readHost(text: string): string | Wrong {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost") return "127.0.0.1";
  return isIpLiteral(host) ? host : new Wrong("not an IP address");
}

/** As `--port` of supervise: without a host it is that of `--host`. */
function readPort(text: string): { host: string | null; port: number } | Wrong {
  const address = parseHostAddress(text, null);
  if (address === null || address.kind === "unix") {
    return new Wrong("not a port from 0 to 65535, nor HOST:PORT");
  }
  const host = address.host === "" ? null : readHost(address.host);
  return host instanceof Wrong ? host : { host, port: address.port };
}

function readMode(text: string): number | Wrong {
  return /^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : new Wrong("not an octal mode like 0660");
}

function readWorkers(text: string): number | "auto" | Wrong {
  if (text === "auto") return "auto";
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1024) return count;
  return new Wrong("not a number from 1 to 1024, nor auto");
}

function readLogTarget(text: string): string | Wrong {
  return firstWrong(() => parseLogTarget(text)) ?? text;
}

function readFormat(text: string): string | Wrong {
  return firstWrong(() => compileAccessFormat(text)) ?? text;
}

function readAddress(text: string) {
  return parseHostAddress(text, null) ?? new Wrong("not HOST:PORT and no absolute path");
}

function firstWrong(read: () => unknown): Wrong | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof RangeError) return new Wrong(error.message);
    throw error;
  }
}
