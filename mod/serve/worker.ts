/** One process that accepts and answers: alone, or as one of a master's workers. */
import { exitCodes } from "../base/errors.ts";
import { HttpServer } from "../conn/http_server.ts";
import { defaultLimits } from "../http1/limits.ts";
import type { Logger } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import type { Listener, Reactor } from "../net/reactor.ts";
import { withOriginalPaths } from "../script/script_path.ts";
import { getVariable } from "../process/environment.ts";
import { type App, type AppHome, loadApp } from "./app.ts";
import type { HttpPlan, ServePlan } from "./plan.ts";

/** Where the sources of this program lie, also inside the compiled one. */
const ownFolder = new URL("..", import.meta.url).href;

/** Opens the worker's listeners once its server can take connections. */
export type OpenListeners = (reactor: Reactor, server: HttpServer) => Listener[];

export class Worker {
  readonly #plan: ServePlan;
  readonly #log: Logger;
  readonly #reactor: Reactor;
  readonly #server: HttpServer;
  readonly app: App;
  #listeners: Listener[] = [];
  #stopping = false;

  private constructor(
    plan: ServePlan,
    log: Logger,
    reactor: Reactor,
    app: App,
  ) {
    this.#plan = plan;
    this.#log = log;
    this.#reactor = reactor;
    this.app = app;
    this.#server = new HttpServer(reactor, app.handler, serverOptions(plan.http));
    app.attach?.(this.#server.scratch);
  }

  /** Loads the app. Throws StartError. */
  static async create(plan: ServePlan, log: Logger): Promise<Worker> {
    const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
    const home: AppHome = {
      get nowMs() {
        return reactor.nowMs;
      },
      onAppError: (request, error) => logAppError(log, `app failed on ${request}`, error),
      beginAsync: () => reactor.beginAsync(),
      endAsync: () => reactor.endAsync(),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
    };
    return new Worker(plan, log, reactor, await loadApp(plan, home));
  }

  get reactor(): Reactor {
    return this.#reactor;
  }

  get server(): HttpServer {
    return this.#server;
  }

  /** Begins to accept. Throws StartError. */
  listen(open: OpenListeners): readonly Listener[] {
    return this.#listeners = open(this.#reactor, this.#server);
  }

  /** Serves until `drain` or `stop`; resolves to the exit code. */
  async run(): Promise<number> {
    await this.#reactor.run();
    return exitCodes.ok;
  }

  /** Answers what was accepted, then ends `run`. A second call does nothing. */
  async drain(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    await this.#server.drain(this.#plan.process.gracefulTimeoutMs);
    this.#reactor.stop();
  }

  /** Ends `run` now; what is not answered stays so. */
  stop(): void {
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    this.#reactor.stop();
  }

  /** An unhandled rejection or uncaught error of the app: told, and survived. */
  onUnhandled(error: unknown): void {
    logAppError(this.#log, "app failed outside of a request", error);
  }
}

/** One line, with the stack: the frames are the only help that the app's author gets. */
function logAppError(log: Logger, what: string, error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  // Frames of our own below the app's say nothing about the app.
  const frames = withOriginalPaths(text).split("\n").map((line) => line.trim())
    .filter((line) => !line.includes(ownFolder));
  log.error(`${what}: ${frames.join(" | ")}`);
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
    writeTimeoutMs: http.writeTimeoutMs,
    requestsMax: http.connectionRequestsMax,
  };
}
