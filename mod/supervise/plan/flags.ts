/** The flags of `hayate supervise`: those of Server::Starter and ours. */
import { defineTable, Wrong } from "../../cli/mod.ts";
import { readHealthAddress } from "../../probes/address.ts";
import { readUser } from "../../process/privileges/user_flag.ts";
import { readSignalName } from "../../process/signals/signals.ts";

function readSignal(text: string): string | Wrong {
  return readSignalName(text) ?? new Wrong("unknown signal, allowed are TERM, INT, USR1, ...");
}

function readMode(text: string): number | Wrong {
  return /^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : new Wrong("not a mode such as 0660");
}

/** Our options match no abbreviation, so that Server::Starter's stay unambiguous. */
const ours = { exactOnly: true } as const;

export const superviseTable = defineTable({
  command: "hayate supervise",
  summary: "hot-deploy supervisor: holds the sockets, swaps generations without losing a request",
  usage: ["[options] [--] [COMMAND [ARGUMENT...]]", "status|reload|stop PIDFILE|SOCKET"],
  description: [
    "Opens the listening sockets and starts COMMAND with them (SERVER_STARTER_PORT names the " +
    "descriptors). On HUP it starts COMMAND again; once the new generation is ready, the old one " +
    "is signalled to finish its requests and exit. TERM, INT and QUIT stop all workers the same " +
    "way. Options, variables, files and log lines of Perl's Server::Starter 0.35 keep their meaning.",
    "If COMMAND is `proxy` or `serve`, it is this program in that mode; the default is `proxy`. " +
    "Without --port and --path the variable PORTS says what to listen on.",
    "Commands of this program that do not serve (`load`, `doctor`, `help`, `version`, `proxy -t`, " +
    "`proxy ctl`, `serve status`, ...) run directly, without a supervisor, so that each can be a " +
    "container's command. For a program of the same name use -- before it.",
  ],
  getopt: true,
  operands: {
    name: "COMMAND",
    min: 0,
    max: Infinity,
    help: "The program to run. Use -- before COMMAND if its arguments include flags.",
  },
  options: [
    {
      long: "port",
      kind: "string",
      repeat: true,
      placeholder: "SPEC",
      section: "Sockets",
      help: "PORT (on 0.0.0.0), HOST:PORT or [IPV6]:PORT; u before PORT means UDP; a suffix " +
        "=FD sets the descriptor's number in workers.",
    },
    {
      long: "path",
      kind: "string",
      repeat: true,
      placeholder: "FILE",
      section: "Sockets",
      help: "Unix socket, with mode 0777 unless --socket-mode is given.",
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
      help: "Bind with SO_REUSEPORT. With --workers each worker has its own socket, which the " +
        "supervisor keeps across generations, so that no accept queue is lost.",
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
      help: "Owner of the socket files of --path, by name or id.",
      ...ours,
    },
    {
      long: "socket-group",
      kind: "string",
      placeholder: "GROUP",
      section: "Sockets",
      help: "Group of the socket files of --path, by name or id.",
      ...ours,
    },
    {
      long: "user",
      kind: "parsed",
      parse: readUser,
      placeholder: "NAME[:GROUP]",
      env: "HAYATE_USER",
      section: "Workers",
      help:
        "Run workers as this user, by name or id, with its groups; the supervisor stays root, " +
        "binds the sockets and reads what only root may read. Workers cannot gain rights again, " +
        "so that sudo and other set-user-ID programs do not work in them. Without it other " +
        "programs run as the supervisor does, and proxy as its own default says.",
      ...ours,
    },
    {
      long: "dir",
      kind: "string",
      placeholder: "FOLDER",
      section: "Workers",
      help:
        "Working directory of workers. The path is resolved at each start, so that a link in it " +
        "can switch to another release. Default: the path of the directory that the supervisor " +
        "was started in.",
    },
    {
      long: "workers",
      kind: "integer",
      min: 1,
      max: 512,
      default: 1,
      section: "Workers",
      help: "Run N copies of a single-process program. A restart replaces them one by one.",
      ...ours,
    },
    {
      long: "envdir",
      kind: "string",
      placeholder: "FOLDER",
      section: "Workers",
      help: "Folder of variables for workers: file name and first line. Read before each start.",
    },
    {
      long: "signal-on-hup",
      kind: "parsed",
      parse: readSignal,
      default: "TERM",
      placeholder: "SIGNAL",
      section: "Workers",
      help: "Signal to an old generation once the new one is ready.",
    },
    {
      long: "signal-on-term",
      kind: "parsed",
      parse: readSignal,
      default: "TERM",
      placeholder: "SIGNAL",
      section: "Workers",
      help: "Signal to workers when the supervisor gets TERM or QUIT.",
    },
    {
      long: "die-with-parent",
      kind: "flag",
      section: "Workers",
      help: "Send workers TERM when the supervisor dies, even by KILL.",
      ...ours,
    },
    {
      long: "listen-fds",
      kind: "flag",
      section: "Workers",
      help: "Hand the sockets over as systemd does, too: descriptors from 3 on, LISTEN_FDS, " +
        "LISTEN_PID and LISTEN_FDNAMES.",
      ...ours,
    },
    {
      long: "interval",
      key: "intervalMs",
      kind: "duration",
      default: 1000,
      section: "Restarts",
      help: "A worker that does not report readiness counts as ready after this time.",
    },
    {
      long: "kill-old-delay",
      key: "killOldDelayMs",
      kind: "duration",
      section: "Restarts",
      defaultText: "0, or 5 with --enable-auto-restart",
      help: "Delay between the readiness of a new generation and the signal to the old one; the " +
        "same as the variable KILL_OLD_DELAY.",
    },
    {
      long: "enable-auto-restart",
      kind: "flag",
      section: "Restarts",
      help: "Restart automatically at intervals.",
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
      help:
        "Wait until a worker reports that it is ready: READY=1 to NOTIFY_SOCKET, or a line to " +
        "READY_FD. Always on for proxy and serve.",
      ...ours,
    },
    {
      long: "ready-http",
      kind: "string",
      placeholder: "URL",
      section: "Restarts",
      help:
        "A worker is ready when this URL answers with status 200 to 399. {pid} and {generation} " +
        "are replaced; http://[unix:/path]/ is a unix socket.",
      ...ours,
    },
    {
      long: "ready-exec",
      kind: "string",
      placeholder: "COMMAND",
      section: "Restarts",
      help: "A worker is ready when this shell command succeeds. The command gets the worker's " +
        "environment, and its pid as WORKER_PID.",
      ...ours,
    },
    {
      long: "start-timeout",
      key: "startTimeoutMs",
      kind: "duration",
      defaultText: "60 if readiness is reported or probed",
      section: "Restarts",
      help: "A worker that is not ready within this time has failed and is ended. 0 disables it.",
      ...ours,
    },
    {
      long: "max-start-failures",
      key: "startFailuresMax",
      kind: "integer",
      min: 0,
      defaultText: "1 for the first start, 10 for a restart",
      section: "Restarts",
      help: "Give up after N failed starts in a row: a restart keeps the old generation, a first " +
        "start ends the supervisor with the command's exit code. 0: never give up.",
      ...ours,
    },
    {
      long: "trial",
      key: "trialMs",
      kind: "duration",
      default: 0,
      section: "Restarts",
      help: "Keep the old generation until the new one has served for this time; if the new one " +
        "dies before, the old one serves again.",
      ...ours,
    },
    {
      long: "shutdown-delay",
      key: "shutdownDelayMs",
      kind: "duration",
      default: 0,
      env: "SHUTDOWN_DELAY",
      section: "Restarts",
      help: "After TERM go on accepting for this time, with /readyz at 503 and, from proxy and " +
        "serve, Connection: close, so that balancers stop sending; then stop. Another TERM, or " +
        "INT, cuts it short. INT and HUP are not delayed.",
      ...ours,
    },
    {
      long: "drain-timeout",
      key: "drainTimeoutMs",
      env: "DRAIN_TIMEOUT",
      kind: "duration",
      default: 0,
      defaultText: "no limit",
      section: "Restarts",
      help: "Send KILL to a worker that has not exited this long after the signal to end.",
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
      help: "Keep at most N generations alive; a restart waits until an old one has exited.",
      ...ours,
    },
    {
      long: "take-over",
      kind: "string",
      placeholder: "SOCKET",
      env: "TAKE_OVER",
      section: "Restarts",
      help: "Take over from the supervisor that was started with the same SOCKET, in another " +
        "container for example: get its listening sockets, start the first generation, and only " +
        "then let it drain and end with 0. If none runs there, start as usual.",
      ...ours,
    },
    {
      long: "pid-file",
      kind: "string",
      placeholder: "FILE",
      section: "Files",
      help: "The supervisor's pid. The file is locked; a second start on it is refused.",
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
      defaultText: "the pid file's name plus .sock",
      section: "Files",
      help: "Unix socket for `hayate supervise status`, `reload` and `stop`.",
      ...ours,
    },
    {
      long: "watch",
      kind: "flag",
      env: "HAYATE_WATCH",
      section: "Restarts",
      help:
        "Start a new generation when a file changes that the old one has read: configuration, " +
        "included files, the app's modules; also behind a link, as in a Kubernetes ConfigMap. A " +
        "generation that fails changes nothing, and is tried again at the next change.",
      ...ours,
    },
    {
      long: "watch-file",
      kind: "string",
      repeat: true,
      placeholder: "FILE",
      section: "Restarts",
      help: "Watch this file, too; for programs other than proxy and serve.",
      ...ours,
    },
    {
      long: "health",
      kind: "parsed",
      parse: readHealthAddress,
      placeholder: "ADDRESS",
      env: "HAYATE_HEALTH",
      section: "Files",
      help: "Answer /livez and /readyz at PORT, HOST:PORT or a unix path. /readyz is 503 until a " +
        "generation serves and once a stop has begun. See also: hayate health.",
      ...ours,
    },
    {
      long: "log-file",
      kind: "string",
      placeholder: "FILE|'| COMMAND'",
      section: "Files",
      help:
        "Write the output of the supervisor and its workers to this file (USR1 reopens it) or " +
        "pipe it to this command (restarted when it dies).",
    },
    {
      long: "log-format",
      kind: "enum",
      values: ["text", "json"],
      defaultText: "text",
      section: "Files",
      help:
        "Format of log lines of the supervisor, proxy and serve, but not of access logs; json " +
        "is one object per line.",
      ...ours,
    },
    {
      long: "log-to",
      kind: "enum",
      values: ["stdout", "stderr"],
      defaultText: "stderr",
      section: "Files",
      help:
        "Where log lines of the supervisor and its workers go. With stdout, the standard error " +
        "of workers goes there, too.",
      ...ours,
    },
    {
      long: "daemonize",
      kind: "flag",
      section: "Commands",
      help: "Run in the background; needs --log-file.",
    },
    {
      long: "restart",
      kind: "flag",
      section: "Commands",
      help: "Restart the workers of the running supervisor of --pid-file and --status-file, and " +
        "wait for the outcome.",
    },
    {
      long: "stop",
      kind: "flag",
      section: "Commands",
      help: "Stop the running supervisor of --pid-file, and wait until it has exited.",
    },
  ],
  environment: [
    {
      name: "PORTS",
      help: "What to listen on without --port and --path; H2O_PORT is the same. For proxy and " +
        "serve a bare port means IPv4 and IPv6.",
    },
    {
      name: "HAYATE_CERT, HAYATE_KEY",
      help: "Certificate and key for port 443, as PEM files; without them one is self-signed.",
    },
    {
      name: "TLS_DOMAIN",
      help: "Host names for port 443 whose certificates a CA gives (ACME); accepts its terms.",
    },
    {
      name: "ACME_EMAIL, ACME_DIRECTORY, ACME_CA_FILE, ACME_STATE",
      help: "For TLS_DOMAIN: see hayate help proxy acme. ACME_STATE=memory keeps nothing.",
    },
    { name: "KILL_OLD_DELAY", help: "As --kill-old-delay." },
    { name: "ENVDIR", help: "As --envdir." },
    { name: "ENABLE_AUTO_RESTART, AUTO_RESTART_INTERVAL", help: "As the flags." },
    { name: "HAYATE_LOG_FORMAT, HAYATE_LOG_TO", help: "As --log-format and --log-to." },
    { name: "LISTEN_FDS", help: "Sockets from systemd, which are taken over." },
    { name: "NOTIFY_SOCKET", help: "systemd is notified when a generation is ready." },
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
    { code: 0, meaning: "stopped by TERM, INT or QUIT" },
    { code: 1, meaning: "the command never became ready; a reload failed" },
    { code: 2, meaning: "wrong usage (1 when called as start_server)" },
    {
      code: 78,
      meaning: "wrong configuration; in general the exit code of the failed first start",
    },
    { code: 127, meaning: "command not found (126: it cannot be executed)" },
    { code: 98, meaning: "an address is in use; other system errors exit with their errno, too" },
  ],
});
