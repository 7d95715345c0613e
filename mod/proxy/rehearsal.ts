/**
 * A start without its effects. Finds what cannot be opened: for `-t`, and before a master starts
 * workers that could only fail. No file is created, changed or truncated, no command is started and
 * no accept queue is opened. Unlike nginx and h2o it leaves no empty log files.
 */
import { httpTransport } from "../acme/client/transport.ts";
import { exitCodes, StartError, systemReason } from "../base/errors.ts";
import { StartFaults } from "../base/start_faults.ts";
import { Logger } from "../log/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import { whyNotMakeable, whyNotWritable } from "../process/files/path_access.ts";
import { checkBindable } from "../net/listening.ts";
import { freshTicketSeed } from "../tls/appliance.ts";
import { AccessLogs } from "./server/access_logs.ts";
import { ListenerSet } from "./server/listeners.ts";
import { isOptional } from "./plan/listen_addresses.ts";
import type { ListenPlan, ProxyPlan } from "./plan/plan.ts";
import { ProxyServer } from "./server/server.ts";
import { checkBuffers, checkCpusOf, checkErrorLog, configError } from "./start_checks.ts";

/**
 * Checks what workers open: logs, certificates, keys, folders. Throws `StartError` with one line
 * for each error.
 */
export async function rehearse(plan: ProxyPlan, reactor: Reactor): Promise<void> {
  const faults = new StartFaults();
  await checkWorkerFiles(plan, reactor, faults);
  faults.report();
}

/**
 * Checks everything for `-t`: what workers open, then what only the first process opens.
 * `bindsPorts`: no supervisor holds the ports. Throws `StartError` with one line for each error.
 */
export async function checkStart(
  plan: ProxyPlan,
  reactor: Reactor,
  bindsPorts: boolean,
): Promise<void> {
  const faults = new StartFaults();
  await checkWorkerFiles(plan, reactor, faults);
  await checkOwnFiles(plan, bindsPorts, faults);
  faults.report();
}

async function checkWorkerFiles(
  plan: ProxyPlan,
  reactor: Reactor,
  faults: StartFaults,
): Promise<void> {
  if (plan.global.workers > 1 && !reactor.capabilities.inherit) {
    throw new StartError(
      `num-threads: ${plan.global.workers}: workers of the portable reactor cannot share sockets; ` +
        "use HAYATE_REACTOR=epoll, or num-threads: 1",
      exitCodes.config,
    );
  }
  await faults.check(() => checkCpusOf(plan));
  await faults.check(() => checkBuffers(plan));
  await faults.check(() => checkErrorLog(plan));
  await checkAccessLogs(plan, faults);
  // With access logs, compiling a host would stop at the first log that cannot be opened.
  await faults.check(() => rehearseServer(withoutAccessLogs(plan), reactor, faults));
}

async function rehearseServer(
  plan: ProxyPlan,
  reactor: Reactor,
  faults: StartFaults,
): Promise<void> {
  // Its warnings are left to the start itself.
  const logger = new Logger({ name: "proxy", level: "error" });
  const server = new ProxyServer(plan, {
    reactor,
    logger,
    listeners: new ListenerSet(reactor, null, () => {}),
    tls: null,
    board: null,
    ticketSeed: freshTicketSeed(),
    generation: null,
    member: null,
    lease: null,
    isRehearsal: true,
  }, null);
  try {
    await server.rehearse(faults);
  } finally {
    await server.discard();
  }
}

/** Checks what only the first process opens: its files and, without a supervisor, its ports. */
async function checkOwnFiles(
  { global, listeners }: ProxyPlan,
  bindsPorts: boolean,
  faults: StartFaults,
): Promise<void> {
  for (const [name, path] of [["pid-file", global.pidFile], ["state", global.stateFile]] as const) {
    await faults.check(() => {
      const reason = path === null ? null : whyNotWritable(path);
      if (reason !== null) throw configError(`${name}: cannot write ${path}: ${reason}`);
    });
  }
  await faults.check(() => checkAuthorities(global.acme?.caFile ?? null));
  const control = global.control?.address;
  if (control?.kind === "unix") await faults.check(() => checkSocketPath(control.path));
  if (!bindsPorts) return;
  for (const listen of listeners) await faults.check(() => checkListen(listen, listeners));
}

async function checkAccessLogs(plan: ProxyPlan, faults: StartFaults): Promise<void> {
  const logs = new AccessLogs(() => {}, true);
  const levels = [plan, ...plan.hosts.flatMap((host) => [host, ...host.paths])];
  for (const { settings } of levels) {
    for (const log of settings.accessLogs) await faults.check(() => void logs.open(log));
  }
}

function withoutAccessLogs(plan: ProxyPlan): ProxyPlan {
  const quiet = <Level extends Pick<ProxyPlan, "settings">>(level: Level): Level => ({
    ...level,
    settings: { ...level.settings, accessLogs: [] },
  });
  const hosts = plan.hosts.map((host) => ({ ...quiet(host), paths: host.paths.map(quiet) }));
  return { ...quiet(plan), hosts };
}

/** Throws `StartError` when `acme.ca-file` has no certificates of CAs. */
function checkAuthorities(caFile: string | null): void {
  if (caFile === null) return;
  try {
    httpTransport(Deno.readTextFileSync(caFile)).close();
  } catch (error) {
    throw configError(`acme.ca-file: cannot use ${caFile}: ${systemReason(error)}`);
  }
}

function checkSocketPath(path: string): void {
  const reason = whyNotMakeable(path);
  if (reason !== null) throw configError(`${path}: cannot listen: ${reason}`);
}

/**
 * Binds and closes, without listen(2), so that no client can connect. As with nginx -t, a port in
 * use is no error: the running server has it.
 */
function checkListen(listen: ListenPlan, listeners: readonly ListenPlan[]): void {
  const { address, at } = listen;
  if (address.kind === "unix") return checkSocketPath(address.path);
  try {
    checkBindable(address);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    if (error.message.includes("in use") || isOptional(listen, listeners, error)) return;
    throw configError(`[${at.file}:${at.line}] listen: ${error.message}`);
  }
}
