/** Turns argv and environment into a checked plan, or reports every error at once. Pure. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { type Environment, type ParsedOptions, readOptions, UsageError } from "../../cli/mod.ts";
import type { Variables } from "../../process/environment.ts";
import {
  emptyPortsFault,
  type ListenSpec,
  pathSpec,
  portsDefault,
  portsVariable,
  readPorts,
  readPortSpec,
} from "../../config/listen_spec.ts";
import { leaveSignal } from "../../process/signals/pausing.ts";
import type { Settings } from "../../lifecycle/core/state.ts";
import { superviseTable } from "./flags.ts";
import type { ClientPlan, LogTarget, Plan, RunPlan } from "./plan.ts";

type Parsed = ParsedOptions<typeof superviseTable>;

const somaxconn = 4096;
const startTimeoutDefaultMs = 60_000;
const startFailuresDefault = 10;
const ownModes = ["proxy", "serve"];
/** Exit code of Perl's `die` without an errno. */
const dieCode = 255;

/** Reads argv and environment. Throws `UsageError`, `StartError` or `InfoRequest`. */
export function readSupervisePlan(
  argv: readonly string[],
  environment: Variables,
  calledAs: string,
): Plan {
  const asStartServer = calledAs === "start_server";
  // Server::Starter knows neither variable.
  const parsed = parse(
    argv,
    asStartServer,
    asStartServer ? () => undefined : (name) => environment[name],
  );
  if (parsed.values.restart) return restartPlan(parsed);
  if (parsed.values.stop) return clientPlan("stop", parsed);
  return runPlan(parsed, environment, asStartServer);
}

function parse(argv: readonly string[], asStartServer: boolean, environment: Environment): Parsed {
  try {
    // `supervise proxy -c FILE`: after the name of one of our own modes, flags are that mode's.
    const strict = tryParse(argv, environment);
    if (strict !== null && ownModes.includes(strict.operands[0])) return strict;
    return readOptions(superviseTable, argv, environment);
  } catch (error) {
    if (!(error instanceof UsageError) || !asStartServer) throw error;
    throw new UsageError(error.errors, 1);
  }
}

const strictTable = { ...superviseTable, stopAtOperand: true };

function tryParse(argv: readonly string[], environment: Environment): Parsed | null {
  try {
    return readOptions(strictTable, argv, environment);
  } catch (error) {
    // The second attempt to read it reports the error.
    if (error instanceof UsageError) return null;
    throw error;
  }
}

function restartPlan(parsed: Parsed): ClientPlan {
  if (parsed.values.statusFile === null || parsed.values.pidFile === null) {
    const text = "--restart option requires --pid-file and --status-file to be set as well";
    throw new StartError(text, dieCode);
  }
  return clientPlan("restart", parsed);
}

function clientPlan(kind: "stop" | "restart", { values }: Parsed): ClientPlan {
  const { pidFile, statusFile } = values;
  if (pidFile === null) {
    throw new StartError(`--${kind} option requires --pid-file to be set as well`, dieCode);
  }
  return { kind, pidFile, statusFile, controlPath: values.control ?? `${pidFile}.sock` };
}

function runPlan(parsed: Parsed, environment: Variables, asStartServer: boolean): RunPlan {
  const { values, operands } = parsed;
  const errors: string[] = [];
  if (values.daemonize && values.logFile === null) {
    throw new StartError("--log-file option must be specified together with --daemonize", dieCode);
  }
  if (asStartServer && operands.length === 0) {
    throw new StartError("server program not specified", dieCode);
  }
  const command = operands.length === 0 ? ["proxy"] : operands;
  const own = ownModes.includes(command[0]);
  const listen = readListen(parsed, environment, own && !asStartServer, asStartServer, errors);
  if (own && !asStartServer && hasOwnListen(command) && isDefaulted(parsed, environment)) {
    listen.length = 0;
  }
  if (own && !asStartServer && !hasOwnListen(command)) checkPorts(parsed, environment);
  checkGroup(parsed, errors);
  if (values.watch && !own && parsed.values.watchFile.length === 0) {
    errors.push("--watch: only proxy and serve say what they read; give --watch-file FILE besides");
  }
  const numbered = listen.find(({ number }) => number !== null);
  if (values.listenFds && numbered !== undefined) {
    errors.push(`--listen-fds numbers the sockets itself: leave out the =${numbered.number}`);
  }
  if (errors.length > 0) throw new UsageError(errors, asStartServer ? dieCode : 2);
  return {
    kind: "run",
    asStartServer,
    command,
    own,
    listen,
    backlog: values.backlog || somaxconn,
    reusePort: values.reusePort,
    socketMode: values.socketMode,
    socketOwner: values.socketOwner,
    socketGroup: values.socketGroup,
    user: values.user,
    folder: values.dir,
    workers: values.workers,
    dieWithParent: values.dieWithParent,
    listenFds: values.listenFds,
    shutdownDelayMs: values.shutdownDelayMs,
    takeOverPath: values.takeOver,
    pidFile: values.pidFile,
    statusFile: values.statusFile,
    controlPath: values.control ?? (values.pidFile === null ? null : `${values.pidFile}.sock`),
    controlIsExplicit: values.control !== null,
    watch: values.watch,
    watchFiles: values.watchFile,
    health: values.health,
    log: readLogTarget(values.logFile),
    logFormat: values.logFormat,
    logStream: values.logTo,
    daemonize: values.daemonize,
    readyHttp: values.readyHttp,
    readyExec: values.readyExec,
    variables: exportedVariables(parsed),
    settings: settingsOf(parsed, environment, own, asStartServer),
  };
}

/** A mode with listen flags of its own needs no default sockets. */
function hasOwnListen(command: readonly string[]): boolean {
  return command.some((word) => /^--(port|path|listen)(=|$)/.test(word));
}

function isDefaulted({ values }: Parsed, environment: Variables): boolean {
  return values.port.length + values.path.length === 0 && portsOf(environment) === null;
}

function checkPorts(parsed: Parsed, environment: Variables): void {
  const { values } = parsed;
  if (values.port.length + values.path.length > 0 || "LISTEN_FDS" in environment) return;
  const variable = portsOf(environment);
  const fault = variable === null ? null : emptyPortsFault(variable);
  if (fault !== null) throw new StartError(`${fault} for 80 and 443`, exitCodes.usage);
}

function portsOf(environment: Variables): { name: string; text: string } | null {
  return portsVariable((name) => environment[name]);
}

function readListen(
  { values }: Parsed,
  environment: Variables,
  withDefault: boolean,
  asStartServer: boolean,
  errors: string[],
): ListenSpec[] {
  const given = [...values.port.map(readPortSpec), ...values.path.map(pathSpec)];
  const variable = asStartServer ? null : portsOf(environment);
  const fallback = variable?.text ??
    (withDefault && !("LISTEN_FDS" in environment) ? portsDefault : "");
  const all = given.length > 0 ? given : readPorts(fallback, withDefault);
  const specs: ListenSpec[] = [];
  const numbers = new Set<number>();
  for (const spec of all) {
    if (typeof spec === "string") errors.push(spec);
    else {
      if (spec.number !== null && numbers.has(spec.number)) {
        errors.push(`${spec.name}=${spec.number}: descriptor ${spec.number} is used twice`);
      }
      if (spec.number === 1 || spec.number === 2) {
        errors.push(`${spec.name}=${spec.number}: descriptors 1 and 2 are the workers' output`);
      }
      if (spec.number !== null) numbers.add(spec.number);
      specs.push(spec);
    }
  }
  return specs;
}

function checkGroup({ values }: Parsed, errors: string[]): void {
  const { generationsMax, reusePort, path, port } = values;
  if (values.logTo !== null && values.logFile !== null) {
    errors.push(`--log-to ${values.logTo}: cannot be combined with --log-file`);
  }
  if (generationsMax === 1) errors.push("--max-generations 1: a restart needs at least 2");
  if (reusePort && port.length === 0 && path.length > 0) {
    errors.push("--reuse-port: unix sockets cannot use it, give a --port");
  }
}

function readLogTarget(text: string | null): LogTarget {
  if (text === null || text === "") return { kind: "inherited" };
  const pipe = /^\s*\|\s*([^]*)$/.exec(text);
  return pipe === null ? { kind: "file", path: text } : { kind: "pipe", command: pipe[1] };
}

/** Options that Server::Starter passes on as variables. */
function exportedVariables({ values }: Parsed): Variables {
  const seconds = (ms: number) => String(ms / 1000);
  const variables: Record<string, string> = {};
  if (values.envdir !== null) variables["ENVDIR"] = values.envdir;
  if (values.enableAutoRestart) variables["ENABLE_AUTO_RESTART"] = "1";
  if (values.killOldDelayMs !== null) variables["KILL_OLD_DELAY"] = seconds(values.killOldDelayMs);
  if (values.autoRestartIntervalMs !== null) {
    variables["AUTO_RESTART_INTERVAL"] = seconds(values.autoRestartIntervalMs);
  }
  return variables;
}

/** Added to DRAIN_TIMEOUT for our own modes, which have the variable, too: they end first. */
const killMarginMs = 1000;

function drainTimeoutOf({ values }: Parsed, own: boolean, environment: Variables): number {
  const isShared = own && (environment["DRAIN_TIMEOUT"] ?? "") !== "";
  return values.drainTimeoutMs + (isShared && values.drainTimeoutMs > 0 ? killMarginMs : 0);
}

function settingsOf(
  parsed: Parsed,
  environment: Variables,
  own: boolean,
  asStartServer: boolean,
): RunPlan["settings"] {
  const { values } = parsed;
  const probed = values.readyHttp !== null || values.readyExec !== null;
  const notifies = own || values.readyNotify || probed;
  return {
    signalOnHup: values.signalOnHup,
    signalOnTerm: values.signalOnTerm,
    signalAtOnce: "TERM",
    // Other programs may use it for out-of-band data.
    signalOnLeave: own ? leaveSignal : null,
    firstStart: "all",
    startedWith: "every",
    spawnIntervalMs: 0,
    // Server::Starter restarts at once; these tolerate a passing fault before the backoff.
    freeFailures: 2,
    freeCrashes: 5,
    backoffFirstMs: 1000,
    readiness: notifies ? "notify" : "interval",
    intervalMs: values.intervalMs,
    startTimeoutMs: values.startTimeoutMs ?? (notifies ? startTimeoutDefaultMs : 0),
    startFailuresMax: values.startFailuresMax ?? startFailuresDefault,
    // Server::Starter retries without limit.
    firstStartFailuresMax: values.startFailuresMax ?? (asStartServer ? 0 : 1),
    trialMs: values.trialMs,
    drainTimeoutMs: drainTimeoutOf(parsed, own, environment),
    generationsMax: values.generationsMax,
  };
}

/** The settings that come from variables; an envdir may change them while we run. */
export function timingOf(
  variables: Variables,
): Pick<Settings, "killOldDelayMs" | "autoRestartMs"> {
  const seconds = (text: string | undefined) => Math.max(0, parseFloat(text ?? "") || 0);
  const automatic = !["", "0"].includes(variables["ENABLE_AUTO_RESTART"] ?? "");
  const delay = variables["KILL_OLD_DELAY"];
  return {
    killOldDelayMs: 1000 * (delay === undefined ? automatic ? 5 : 0 : seconds(delay)),
    autoRestartMs: automatic ? 1000 * (seconds(variables["AUTO_RESTART_INTERVAL"]) || 360) : 0,
  };
}
