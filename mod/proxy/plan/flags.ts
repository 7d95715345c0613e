/** The flags of `hayate proxy`. */
import { readHealthAddress } from "../../probes/address.ts";
import { readUser } from "../../process/privileges/user_flag.ts";
import { defineTable } from "../../cli/mod.ts";
import { configFilesDefault } from "../../config/default_file.ts";

export const proxyTable = defineTable({
  command: "hayate proxy",
  summary: "reverse proxy and static server that reads h2o.conf",
  usage: ["[-c h2o.conf]", "-t [-c h2o.conf]", "--print-config"],
  description: [
    `Without -c the file is ${configFilesDefault.join(" or ")}; without any file a welcome page ` +
    "shows the next steps. Listening sockets handed over in SERVER_STARTER_PORT (hayate supervise, " +
    "start_server) are taken over, others are bound.",
    "Signals: TERM and INT finish accepted requests and exit, QUIT exits at once, USR1 reopens " +
    "logs, HUP reads the configuration again: an invalid one changes nothing, and no request is " +
    "lost. To replace the program itself, run it under hayate supervise and send HUP there.",
  ],
  options: [
    {
      long: "conf",
      short: "c",
      kind: "string",
      placeholder: "FILE",
      help: "The configuration, in h2o's language with an `upstreams` section.",
    },
    {
      long: "test",
      short: "t",
      kind: "flag",
      help: "Check the configuration, report errors and unknown directives, and exit.",
    },
    {
      long: "print-config",
      kind: "flag",
      help: "Print the h2o.conf that UPSTREAM and the other variables mean, and exit.",
    },
    {
      long: "user",
      kind: "parsed",
      parse: readUser,
      placeholder: "NAME[:GROUP]",
      env: "HAYATE_USER",
      help: "Run as this user, by name or id, instead of the configuration's `user`. The default " +
        "for root is nobody, as with h2o: a parent keeps root, and opens keys, logs and ports " +
        "that the configuration names. root: stay root.",
    },
    {
      long: "watch",
      kind: "flag",
      env: "HAYATE_WATCH",
      help: "Reload when the configuration or a file that it includes changes, as HUP does; also " +
        "behind a link, as in a Kubernetes ConfigMap. Certificates are always read again.",
    },
    {
      long: "shutdown-delay",
      key: "shutdownDelayMs",
      kind: "duration",
      default: 0,
      env: "SHUTDOWN_DELAY",
      placeholder: "TIME",
      help:
        "After TERM go on accepting for this time, with Connection: close and /readyz at 503, " +
        "so that balancers stop sending; a second TERM, or INT, cuts it short. Under a " +
        "supervisor its own delay counts.",
    },
    {
      long: "health",
      kind: "parsed",
      parse: readHealthAddress,
      placeholder: "ADDR",
      env: "HAYATE_HEALTH",
      help:
        "Answer /livez and /readyz at PORT, HOST:PORT or a unix path, as the control listener " +
        "does. /readyz is 503 until the proxy serves and once a stop has begun, and with " +
        "?upstream=NAME while no server of it is up.",
    },
    {
      long: "log-format",
      kind: "enum",
      values: ["text", "json"],
      defaultText: "text",
      help: "Form of this program's own lines, not of access logs; json is one object a line.",
    },
    {
      long: "log-to",
      kind: "enum",
      values: ["stdout", "stderr"],
      defaultText: "stderr",
      help: "Where this program's own lines go.",
    },
    {
      long: "mode",
      short: "m",
      kind: "enum",
      values: ["worker", "test"],
      hidden: true,
      help: "h2o's spelling of -t.",
    },
  ],
  examples: [
    { run: "hayate proxy -c h2o.conf", about: "serve this configuration" },
    { run: "hayate proxy -t -c h2o.conf", about: "check a file before a reload" },
    { run: "PORTS='80 443' hayate supervise proxy -c h2o.conf", about: "with reloads by HUP" },
  ],
  exitCodes: [
    { code: 0, meaning: "ended by a signal, or the configuration is good" },
    { code: 1, meaning: "cannot start, for example a port in use" },
    { code: 2, meaning: "wrong usage" },
    { code: 78, meaning: "the configuration is wrong" },
  ],
  environment: [
    {
      name: "UPSTREAM",
      help: 'Servers to forward to, such as "app1:3000 app2:3000": a complete configuration, ' +
        "instead of a file. Names are looked up again and again.",
    },
    {
      name: "UPSTREAM_CHECK",
      help: "With UPSTREAM: a path that healthy servers answer, such as /health; or tcp.",
    },
    { name: "ACCESS_LOG", help: "With UPSTREAM: a target of access-log, such as - or a path." },
    {
      name: "PORTS, TLS_DOMAIN, HAYATE_CERT, HAYATE_KEY, ACME_EMAIL, ACME_...",
      help: "With UPSTREAM: as hayate supervise has them.",
    },
    { name: "SERVER_STARTER_PORT", help: "listening sockets from the supervisor" },
    { name: "SERVER_STARTER_GENERATION", help: "number of this start, shown on the status pages" },
    { name: "HAYATE_LOG_FORMAT, HAYATE_LOG_TO", help: "As --log-format and --log-to." },
    { name: "HAYATE_REACTOR", help: "epoll, or portable, which has no num-threads above 1" },
  ],
});
