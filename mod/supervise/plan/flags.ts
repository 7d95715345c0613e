/** The flags of `hayate supervise`: Server::Starter's, then ours. */
import { defineTable, Wrong } from "../../cli/mod.ts";
import { readSignalName } from "../../process/signals.ts";

function readSignal(text: string): string | Wrong {
  return readSignalName(text) ?? new Wrong("no such signal, allowed are TERM, INT, USR1, ...");
}

function readMode(text: string): number | Wrong {
  return /^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : new Wrong("not a mode such as 0660");
}

/** Ours never match an abbreviation, so that those of Server::Starter stay unique. */
const ours = { exactOnly: true } as const;

export const superviseTable = defineTable({
  command: "hayate supervise",
  summary: "hot-deploy supervisor: holds the sockets, swaps generations without losing a request",
  usage: ["[options] [--] [COMMAND [ARGUMENT...]]", "status|reload|stop PIDFILE|SOCKET"],
  description: [
    "Opens the listening sockets, starts COMMAND with them (SERVER_STARTER_PORT names the " +
    "descriptors) and, on HUP, starts it anew; once the new generation is ready, the old one is " +
    "told to finish its requests and end. TERM, INT and QUIT end everything in the same way. " +
    "Every option, variable, file and log line of Perl's Server::Starter 0.35 means the same here.",
    "When COMMAND is `proxy` or `serve`, it is this same program in that mode; without COMMAND it " +
    "is `proxy`. Without --port and --path the variable PORTS names what to listen on.",
    "Words of this program that serve nobody (`load`, `doctor`, `help`, `version`, `proxy -t`, " +
    "`proxy ctl`, `serve status`, ...) are run at once and without a supervisor, so that all of it " +
    "can be a container's command. For a program of such a name put -- in front.",
  ],
  getopt: true,
  operands: {
    name: "COMMAND",
    min: 0,
    max: Infinity,
    help: "The program to run, with its arguments. Put -- in front when they have flags.",
  },
  options: [
    {
      long: "port",
      kind: "string",
      repeat: true,
      placeholder: "SPEC",
      section: "Sockets",
      help: "PORT (on 0.0.0.0), HOST:PORT or [IPV6]:PORT; u before the number means UDP; =FD " +
        "behind it sets the descriptor's number in workers.",
    },
    {
      long: "path",
      kind: "string",
      repeat: true,
      placeholder: "FILE",
      section: "Sockets",
      help: "Unix socket, with mode 0777 unless --socket-mode says otherwise.",
    },
    {
      long: "backlog",
      kind: "integer",
      min: 0,
      section: "Sockets",
      defaultText: "the system's maximum",
      help: "Length of the accept queue.",
    },
    {
      long: "reuse-port",
      kind: "flag",
      section: "Sockets",
      help: "SO_REUSEPORT; with --workers each worker has a socket of its own, which the " +
        "supervisor holds across generations, so that no accept queue is ever lost.",
      ...ours,
    },
    {
      long: "socket-mode",
      kind: "parsed",
      parse: readMode,
      placeholder: "MODE",
      section: "Sockets",
      help: "Mode of the socket files of --path.",
      ...ours,
    },
    {
      long: "socket-owner",
      kind: "string",
      placeholder: "USER",
      section: "Sockets",
      help: "Owner of the socket files, a name or a number.",
      ...ours,
    },
    {
      long: "socket-group",
      kind: "string",
      placeholder: "GROUP",
      section: "Sockets",
      help: "Group of the socket files, a name or a number.",
      ...ours,
    },
    {
      long: "dir",
      kind: "string",
      placeholder: "FOLDER",
      section: "Workers",
      help:
        "Working directory of workers. Its path is looked up at each start, so that a link in " +
        "it may lead to another release by then. Default: the path of the directory that the " +
        "supervisor was started in.",
    },
    {
      long: "workers",
      kind: "integer",
      min: 1,
      max: 512,
      default: 1,
      section: "Workers",
      help: "Run N copies of a single-process program; a restart replaces one after the other.",
      ...ours,
    },
    {
      long: "envdir",
      kind: "string",
      placeholder: "FOLDER",
      section: "Workers",
      help:
        "Each file is a variable for workers, its first line the value; read before each start.",
    },
    {
      long: "signal-on-hup",
      kind: "parsed",
      parse: readSignal,
      default: "TERM",
      placeholder: "SIGNAL",
      section: "Workers",
      help: "What an old generation is sent once the new one is ready.",
    },
    {
      long: "signal-on-term",
      kind: "parsed",
      parse: readSignal,
      default: "TERM",
      placeholder: "SIGNAL",
      section: "Workers",
      help: "What workers are sent when the supervisor is told to end.",
    },
    {
      long: "die-with-parent",
      kind: "flag",
      section: "Workers",
      help: "Workers get TERM when the supervisor itself dies, even by KILL.",
      ...ours,
    },
    {
      long: "interval",
      key: "intervalMs",
      kind: "duration",
      default: 1000,
      section: "Restarts",
      help: "A worker that cannot tell when it is ready counts as ready after living so long.",
    },
    {
      long: "kill-old-delay",
      key: "killOldDelayMs",
      kind: "duration",
      section: "Restarts",
      defaultText: "0, or 5 with --enable-auto-restart",
      help: "Time between a new generation's being ready and the signal to the old one; " +
        "KILL_OLD_DELAY in the environment means the same.",
    },
    {
      long: "enable-auto-restart",
      kind: "flag",
      section: "Restarts",
      help: "Restart by itself from time to time.",
    },
    {
      long: "auto-restart-interval",
      key: "autoRestartIntervalMs",
      kind: "duration",
      min: 1000,
      defaultText: "360",
      section: "Restarts",
      help: "Time between automatic restarts.",
    },
    {
      long: "ready-notify",
      kind: "flag",
      section: "Restarts",
      help: "Workers tell when they are ready: READY=1 to NOTIFY_SOCKET or a line to READY_FD. " +
        "Always on for proxy and serve.",
      ...ours,
    },
    {
      long: "ready-http",
      kind: "string",
      placeholder: "URL",
      section: "Restarts",
      help: "A worker is ready when this URL answers 200 to 399; {pid} and {generation} are " +
        "replaced; http://[unix:/path]/ works too.",
      ...ours,
    },
    {
      long: "ready-exec",
      kind: "string",
      placeholder: "COMMAND",
      section: "Restarts",
      help: "A worker is ready when this shell command succeeds; it has the worker's environment " +
        "and its pid in WORKER_PID.",
      ...ours,
    },
    {
      long: "start-timeout",
      key: "startTimeoutMs",
      kind: "duration",
      defaultText: "60 where readiness is told or probed",
      section: "Restarts",
      help: "A worker that is not ready by then counts as failed and is ended; 0: no limit.",
      ...ours,
    },
    {
      long: "max-start-failures",
      key: "startFailuresMax",
      kind: "integer",
      min: 0,
      defaultText: "1 for the first start, 10 for a restart",
      section: "Restarts",
      help:
        "Give up after N failed starts in a row: in a restart the old generation stays, at the " +
        "first start the supervisor ends with the command's exit code. 0: never give up.",
      ...ours,
    },
    {
      long: "trial",
      key: "trialMs",
      kind: "duration",
      default: 0,
      section: "Restarts",
      help:
        "Keep the old generation alive until the new one has lived so long; if that dies, the " +
        "old one takes the traffic again.",
      ...ours,
    },
    {
      long: "drain-timeout",
      key: "drainTimeoutMs",
      kind: "duration",
      default: 0,
      defaultText: "no limit",
      section: "Restarts",
      help: "KILL a worker that has not ended so long after it was told to.",
      ...ours,
    },
    {
      long: "max-generations",
      key: "generationsMax",
      kind: "integer",
      min: 0,
      default: 0,
      defaultText: "no limit",
      section: "Restarts",
      help: "At most N generations alive; a restart waits until an old one has ended.",
      ...ours,
    },
    {
      long: "pid-file",
      kind: "string",
      placeholder: "FILE",
      section: "Files",
      help: "Holds the supervisor's pid and a lock; a second start on it is refused.",
    },
    {
      long: "status-file",
      kind: "string",
      placeholder: "FILE",
      section: "Files",
      help: "One line GENERATION:PID for each live worker.",
    },
    {
      long: "control",
      kind: "string",
      placeholder: "SOCKET",
      defaultText: "the pid file's name with .sock behind it",
      section: "Files",
      help: "Unix socket for `hayate supervise status`, `reload` and `stop`.",
      ...ours,
    },
    {
      long: "log-file",
      kind: "string",
      placeholder: "FILE|'| COMMAND'",
      section: "Files",
      help:
        "Output of the supervisor and its workers goes to this file (USR1 opens it anew) or to " +
        "this command (which is started again when it dies).",
    },
    {
      long: "log-format",
      kind: "enum",
      values: ["text", "json"],
      defaultText: "text",
      section: "Files",
      help:
        "Form of the supervisor's own lines and those of proxy and serve, not of access logs; " +
        "json is one object a line.",
      ...ours,
    },
    {
      long: "log-to",
      kind: "enum",
      values: ["stdout", "stderr"],
      defaultText: "stderr",
      section: "Files",
      help: "Where lines of the supervisor and of its workers go. stdout takes along whatever a " +
        "worker writes to its standard error.",
      ...ours,
    },
    {
      long: "daemonize",
      kind: "flag",
      section: "Commands",
      help: "Go to the background; needs --log-file.",
    },
    {
      long: "restart",
      kind: "flag",
      section: "Commands",
      help: "Restart the running supervisor of --pid-file and --status-file, wait and tell the " +
        "outcome.",
    },
    {
      long: "stop",
      kind: "flag",
      section: "Commands",
      help: "Stop the running supervisor of --pid-file and wait until it has gone.",
    },
  ],
  environment: [
    {
      name: "PORTS",
      help: "What to listen on without --port and --path; H2O_PORT means the same.",
    },
    { name: "KILL_OLD_DELAY", help: "As --kill-old-delay." },
    { name: "ENVDIR", help: "As --envdir." },
    { name: "ENABLE_AUTO_RESTART, AUTO_RESTART_INTERVAL", help: "As the flags." },
    { name: "HAYATE_LOG_FORMAT, HAYATE_LOG_TO", help: "As --log-format and --log-to." },
    { name: "LISTEN_FDS", help: "Sockets from systemd are taken over." },
    { name: "NOTIFY_SOCKET", help: "systemd is told when a generation is ready." },
  ],
  examples: [
    { run: 'PORTS="80 443" hayate supervise', about: "hayate's proxy on two ports" },
    {
      run: "hayate supervise --port 8080 -- plackup -s Starlet app.psgi",
      about: "a program that knows Server::Starter",
    },
    {
      run: "hayate supervise --port 80 --pid-file /run/app.pid -- h2o -c h2o.conf",
      about: "reload with: hayate supervise reload /run/app.pid",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "ended by TERM, INT or QUIT" },
    { code: 1, meaning: "the command never became ready; a reload failed" },
    { code: 2, meaning: "wrong usage (1 when called as start_server)" },
    {
      code: 78,
      meaning: "the configuration is wrong; in general the exit code of a first start that failed",
    },
    { code: 127, meaning: "there is no such command (126: it cannot be executed)" },
    { code: 98, meaning: "an address is in use; other errors of the system have their errno, too" },
  ],
});
