/** A process that accepts connections and answers requests, alone or under a master. */
import { formatAddress } from "../../base/address.ts";
import { exitCodes } from "../../base/errors.ts";
import { describeStaleMount } from "../../config/default_file.ts";
import { defaultHttp2Options } from "../../conn/exchange/http2_options.ts";
import { HttpServer } from "../../conn/http_server.ts";
import { defaultLimits } from "../../http1/limits.ts";
import {
  AccessLog,
  compileAccessFormat,
  type Logger,
  openSink,
  parseLogTarget,
  SparseLog,
} from "../../log/mod.ts";
import { shutQueuesOf } from "../../net/accept_queue.ts";
import { createReactor } from "../../net/mod.ts";
import { openMessageSender } from "../../net/message_sender.ts";
import type { AcceptHandler, Listener, Reactor } from "../../net/reactor.ts";
import type { Health } from "../../probes/health.ts";
import { getVariable } from "../../process/environment.ts";
import { keepMemory } from "../../process/memory/memory_keeper.ts";
import { startLogCommand } from "../../process/children/log_command.ts";
import { parentLogFiles } from "../../process/privileges/parent_files.ts";
import { TrustedProxies } from "../clients/trusted_proxies.ts";
import { type App, type AppHost, loadApp } from "../app/app.ts";
import { logAppError } from "../app/app_errors.ts";
import { ChallengeAnswers } from "./challenge_answers.ts";
import type { Row } from "./scoreboard.ts";
import type { WorkerMetrics } from "./worker_metrics.ts";
import { RequestRecorder } from "./request_recorder.ts";
import type { HttpPlan, LogPlan, ServePlan } from "../plan/plan.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import { ServeTls } from "../sockets/tls.ts";
import { inStartTime } from "../app/start_time.ts";

/** Opens the worker's listeners, when its server is ready for connections. */
export type OpenListeners = (reactor: Reactor, server: HttpServer) => Listener[];

/** What a worker reports to its master; see `RequestStats`. */
export interface WorkerReporting {
  /** Its place among the workers of the master; 0 without one. */
  readonly slot: number;
  readonly row: Row | null;
  readonly metrics: WorkerMetrics | null;
  readonly requestsMax: number;
  readonly onRequestsMax: () => void;
}

/** What every worker would say is said by the first. */
const silent = { info() {}, warn() {} };

export const noReporting: WorkerReporting = {
  slot: 0,
  row: null,
  metrics: null,
  requestsMax: Infinity,
  onRequestsMax: () => {},
};

export class Worker implements Health {
  readonly app: App;
  readonly reactor: Reactor;
  readonly server: HttpServer;
  readonly #plan: ServePlan;
  readonly #log: Logger;
  readonly #tls: ServeTls;
  readonly #accessLog: AccessLog | null;
  #listeners: Listener[] = [];
  #stopping = false;
  #leaving = false;

  private constructor(
    plan: ServePlan,
    log: Logger,
    reactor: Reactor,
    app: App,
    clients: TrustedProxies | null,
    tls: InheritedTls | null,
    reporting: WorkerReporting,
  ) {
    this.#plan = plan;
    this.#log = log;
    this.reactor = reactor;
    this.app = app;
    this.#tls = new ServeTls(tls, plan.http.http2, reactor, log);
    this.#accessLog = openAccessLog(plan.log, log);
    const stats = { ...reporting, accessLog: this.#accessLog, clients };
    const isRecorded = reporting !== noReporting || this.#accessLog !== null;
    const { pendingTokens } = this.#tls;
    const handler = pendingTokens === null
      ? app.handler
      : new ChallengeAnswers(pendingTokens, app.handler);
    const recorder = isRecorded ? new RequestRecorder(handler, stats, reactor) : null;
    this.server = new HttpServer(reactor, recorder ?? handler, serverOptions(plan.http));
    if (recorder !== null && (this.#accessLog !== null || reporting.metrics !== null)) {
      this.server.onResponded = recorder.onResponded;
      this.server.onRefused = recorder.onRefused;
      if (this.#accessLog?.format.needs.has("head")) this.server.onHead = recorder.onHead;
    }
    const faults = new SparseLog(log, () => reactor.nowMs);
    this.server.onConnectionRefused = (connection, error) =>
      faults.info(`${formatAddress(connection.peerAddress())}: ${error.message}`);
    app.attach?.(this.server.scratch);
  }

  /** Loads the app. `tls`: see `takeTls`. Throws StartError. */
  static async create(
    plan: ServePlan,
    log: Logger,
    tls: InheritedTls | null,
    reporting: WorkerReporting = noReporting,
  ): Promise<Worker> {
    const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
    const clients = plan.trust === null ? null : new TrustedProxies(plan.trust);
    const host: AppHost = {
      clients,
      backend: reactor.backend,
      get nowMs() {
        return reactor.nowMs;
      },
      siteLog: reporting.slot === 0 ? log : silent,
      onAppError: (request, error) => logAppError(log, `app failed on ${request}`, error),
      onAppWarning: (line) => log.warn(line),
      beginAsync: () => reactor.beginAsync(),
      endAsync: () => reactor.endAsync(),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
    };
    const app = await loadApp(plan, host);
    const stale = plan.app.kind === "script" ? describeStaleMount(plan.app.path) : null;
    if (stale !== null) log.warn(stale);
    return new Worker(plan, log, reactor, app, clients, tls, reporting);
  }

  /** The accept handler of a socket: the server, with TLS where it is wanted. */
  readonly onAcceptOf = (socketName: string): AcceptHandler =>
    this.#tls.wrap(socketName, this.server.onAccept);

  /** Calls the app's `afterFork`. Throws StartError when it does not settle in time. */
  async afterFork(slot: number): Promise<void> {
    const { app, process } = this.#plan;
    const path = app.kind === "script" ? app.path : "";
    await inStartTime(this.app.hooks.afterFork?.(slot), process.startTimeoutMs, path, "afterFork");
  }

  /** See `Health`. */
  unready(): string | null {
    if (this.#stopping) return "stopping";
    if (this.#leaving) return "about to stop";
    return this.#listeners.length === 0 ? "starting" : null;
  }

  /** Starts accepting. Throws StartError. */
  listen(open: OpenListeners): readonly Listener[] {
    return this.#listeners = open(this.reactor, this.server);
  }

  /** Sockets that are to be closed with the others. Throws StartError. */
  listenAlso(open: OpenListeners): void {
    if (!this.#stopping) this.#listeners.push(...open(this.reactor, this.server));
  }

  /** Serves until `drain` or `stop`; resolves to the exit code. */
  async run(): Promise<number> {
    keepMemory({
      connectionCount: () => this.server.connectionCount,
      releaseSpare: () => this.reactor.releaseSpare?.(),
    });
    await this.reactor.run();
    await this.#accessLog?.sink.close();
    return exitCodes.ok;
  }

  /**
   * Graceful stop: answers what was accepted, then ends `run`. A second call does nothing.
   * `isLastHolder`: connections still queued at inherited sockets are accepted and answered, too.
   */
  async drain(isLastHolder = false): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.reactor.backend === "portable") this.#shutQueues();
    for (const listener of this.#listeners) listener.close(isLastHolder);
    const { gracefulTimeoutMs } = this.#plan.process;
    const drained = Promise.all([
      this.server.drain(gracefulTimeoutMs),
      this.app.drain?.(),
    ]);
    await this.#tls.settled();
    await drained;
    // TLS handshakes that finished in the meantime have added connections.
    await this.server.drain(gracefulTimeoutMs);
    this.#tls.close();
    this.reactor.stop();
  }

  /** Deno cannot keep new connections out of an accept queue while it is emptied. */
  #shutQueues(): void {
    for (const { address } of this.#listeners) {
      if (address.kind === "tcp") shutQueuesOf(address.port);
    }
  }

  /** Ends `run` now. Returns the number of requests in progress, which are cut off. */
  stop(): number {
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    const cutCount = this.server.cut();
    this.reactor.stop();
    return cutCount;
  }

  /** Stops accepting, and closes each connection after its next response, until `resume`. */
  pause(): void {
    if (this.#stopping) return;
    for (const listener of this.#listeners) listener.pause();
    this.server.draining = true;
  }

  /** Accepts again after `pause`. */
  resume(): void {
    if (this.#stopping) return;
    this.server.draining = this.#leaving;
    for (const listener of this.#listeners) listener.resume();
  }

  /** A stop is near: goes on accepting, and closes each connection after its next response. */
  leave(): void {
    this.#leaving = true;
    this.server.leave();
  }

  reopenLogs(): void {
    this.#accessLog?.sink.reopen();
  }

  /** Logs an unhandled rejection or uncaught error of the app; the worker keeps serving. */
  onUnhandled(error: unknown): void {
    logAppError(this.#log, "app failed outside of a request", error);
  }
}

function openAccessLog(plan: LogPlan, log: Logger): AccessLog | null {
  if (plan.accessLog === null) return null;
  const sink = openSink(parseLogTarget(plan.accessLog), {
    complain: (message) => log.warn(message),
    files: parentLogFiles,
    spawn: startLogCommand,
    openSyslog: openMessageSender,
  });
  return new AccessLog(compileAccessFormat(plan.accessLogFormat), sink);
}

function serverOptions(http: HttpPlan) {
  return {
    limits: {
      ...defaultLimits,
      headBytesMax: http.headBytesMax,
      startLineBytesMax: Math.min(defaultLimits.startLineBytesMax, http.headBytesMax),
    },
    headTimeoutMs: http.headTimeoutMs,
    bodyTimeoutMs: http.bodyTimeoutMs,
    idleTimeoutMs: http.idleTimeoutMs,
    drainIdleMs: http.drainIdleMs,
    writeTimeoutMs: http.writeTimeoutMs,
    requestsMax: http.connectionRequestsMax,
    allowHalfOpen: http.allowHalfOpen,
    http2: http.http2 ? defaultHttp2Options : null,
  };
}
