/** One process that proxies: its sockets, its upstreams with their checks, and its engine. */
import { formatAddress } from "../base/address.ts";
import { version } from "../base/version.ts";
import { AnnouncedListeners } from "../conn/announced_accept.ts";
import { type Logger, SparseLog } from "../log/mod.ts";
import type { AcceptHandler, Listener, Reactor } from "../net/reactor.ts";
import type { InheritedSocket } from "../process/starter_port.ts";
import type { InheritedTls } from "../tls/appliance.ts";
import { SecuredListeners } from "../tls/secured_listeners.ts";
import { AccessLogs } from "./access_logs.ts";
import { ControlPlane } from "./control/control_plane.ts";
import { RouteCompiler } from "./engine/compile.ts";
import { Engine } from "./engine/engine.ts";
import { WelcomeHandler } from "./engine/welcome.ts";
import { tlsOptionsOf } from "./tls_options.ts";
import { configFilesDefault } from "./flags.ts";
import { openListeners } from "./listeners.ts";
import type { ListenPlan, ProxyPlan } from "./plan.ts";
import { countersOf } from "./workers/messages.ts";
import type { WorkerMember } from "./workers/member.ts";

/** How often a full server looks for room, in milliseconds. */
const roomPollMs = 20;

export interface ServerParts {
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly inherited: readonly InheritedSocket[] | null;
  /** The supervisor's certificate, and for which sockets; null without one. */
  readonly tls: InheritedTls | null;
  /** SERVER_STARTER_GENERATION; null without a supervisor. */
  readonly generation: number | null;
  /** The channel to the master; null in a process of its own. */
  readonly member: WorkerMember | null;
}

export class ProxyServer {
  readonly #plan: ProxyPlan;
  readonly #parts: ServerParts;
  readonly #engine: Engine;
  readonly #logs: AccessLogs;
  readonly #control: ControlPlane;
  readonly #compiler: RouteCompiler;
  readonly #tls: SecuredListeners;
  readonly #announced: AnnouncedListeners;
  #listeners: readonly Listener[] = [];
  #isFull = false;
  #isDraining = false;

  /** `plan` has no names left in it (`resolvePlan`). */
  constructor(plan: ProxyPlan, parts: ServerParts) {
    const { reactor, logger } = parts;
    this.#plan = plan;
    this.#parts = parts;
    this.#engine = new Engine(reactor, plan.global, logger);
    this.#tls = new SecuredListeners(reactor, logger, parts.tls, plan.global.handshakeTimeoutMs);
    this.#announced = new AnnouncedListeners(
      reactor,
      new SparseLog(logger, () => reactor.nowMs),
      plan.global.handshakeTimeoutMs,
    );
    this.#logs = new AccessLogs((message) => logger.error(message));
    this.#control = new ControlPlane(plan, {
      reactor,
      logger,
      engine: this.#engine,
      generation: parts.generation ?? 1,
      isWorker: parts.member !== null,
      connectionCount: () => this.#engine.connectionCount,
      idleCount: (group) => this.#compiler.idleCount(group),
      settled: null,
    });
    this.#compiler = new RouteCompiler(plan, {
      engine: this.#engine,
      groups: this.#control.groups,
      openLog: (log) => this.#logs.open(log),
      generation: parts.generation,
      checkRows: () => ({
        rows: parts.member?.rows ?? this.#control.checker.rows(),
        generation: parts.generation ?? 1,
      }),
    });
  }

  /** Opens the sockets. Nothing is accepted before `start`. Throws `StartError`. */
  listen(): void {
    const { reactor, logger, inherited, generation } = this.#parts;
    const engine = this.#engine;
    const isWelcome = this.#plan.file === null;
    const facts = { version, generation, pid: Deno.pid, configFiles: configFilesDefault };
    const unknown = this.#compiler.unknown(isWelcome ? [new WelcomeHandler(engine, facts)] : []);
    const serverOf = (listen: ListenPlan | null, socketName: string | null) => {
      const hosts = this.#compiler.hosts(listen?.hosts ?? sharedHosts(this.#plan));
      const options = listen === null ? null : tlsOptionsOf(listen);
      const secure = this.#tls;
      // Sockets that the config file does not name speak what the supervisor wants.
      const wanted = listen === null && socketName !== null && secure.isSecure(socketName);
      const scheme = options !== null || wanted ? "https" : "http";
      const onAccept = this.#limited(engine.addServer(hosts, scheme, unknown).onAccept);
      const behindTls = options !== null
        ? secure.secure(options, onAccept)
        : wanted
        ? secure.secureInherited(socketName, onAccept)
        : onAccept;
      const announces = listen?.proxyProtocol ?? "off";
      if (announces === "off") return behindTls;
      return this.#announced.announce(announces === "required", behindTls);
    };
    // The welcome page is served wherever a supervisor listens, and has no wishes of its own.
    const plans = isWelcome && inherited !== null ? [] : this.#plan.listeners;
    const warn = (message: string) => logger.warn(message);
    this.#listeners = openListeners(reactor, plans, inherited, serverOf, warn);
    for (const listener of this.#listeners) listener.pause();
    this.#control.listen((handler) => this.#compiler.unknown([handler]));
  }

  /** At `max-connections` accepting rests: who comes waits in the kernel's queue (h2o does so, too). */
  #limited(onAccept: AcceptHandler): AcceptHandler {
    const { connectionsMax } = this.#plan.global;
    if (connectionsMax === 0) return onAccept;
    return (socket, listener) => {
      const handler = onAccept(socket, listener);
      if (this.#engine.connectionCount >= connectionsMax && !this.#isFull) {
        this.#isFull = true;
        for (const one of this.#listeners) one.pause();
        this.#waitForRoom(connectionsMax);
      }
      return handler;
    };
  }

  #waitForRoom(connectionsMax: number): void {
    this.#parts.reactor.setTimer(roomPollMs, () => {
      if (this.#isDraining) return;
      if (this.#engine.connectionCount >= connectionsMax) return this.#waitForRoom(connectionsMax);
      this.#isFull = false;
      for (const one of this.#listeners) one.resume();
    });
  }

  /** Finds out which peers are alive, then accepts. The reactor must be running. */
  async start(): Promise<void> {
    if (this.#parts.member === null) await this.#control.checker.start();
    else await this.#attach(this.#parts.member);
    // The master has said so for all of its workers.
    const level = this.#parts.member === null ? "info" : "debug";
    for (const listener of this.#listeners) {
      listener.resume();
      this.#parts.logger.write(level, `listening on ${formatAddress(listener.address)}`);
    }
  }

  /** The master says which peers there are and which are up. */
  async #attach(member: WorkerMember): Promise<void> {
    const { reactor } = this.#parts;
    const { groups } = this.#control;
    await member.attach({
      groups,
      nowMs: () => reactor.nowMs,
      counters: () =>
        countersOf(
          this.#engine.metrics,
          this.#engine.connectionCount,
          groups,
          (group) => this.#compiler.idleCount(group),
        ),
      onOrphaned: () => void this.drain().then(() => reactor.stop()),
    });
  }

  /** Accepts no more, and lets go of its clients one answer at a time, until `resume`. */
  pause(): void {
    if (this.#isDraining) return;
    for (const listener of this.#listeners) listener.pause();
    this.#engine.shed(true);
  }

  /** Serves as before. */
  resume(): void {
    if (this.#isDraining) return;
    this.#engine.shed(false);
    for (const listener of this.#listeners) listener.resume();
  }

  /** Answers what was accepted, then lets go of everything. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    for (const listener of this.#listeners) listener.close();
    this.#control.closeListener();
    const drained = this.#engine.drain();
    await this.#announced.settled();
    await this.#tls.settled();
    await drained;
    // Handshakes that ended after the last connection had gone have brought new ones.
    await this.#engine.drain();
    this.#control.stop();
    this.#tls.close();
    for (const upstream of this.#compiler.upstreams) upstream.close();
  }

  /** Opens log files again under their names. */
  reopenLogs(): void {
    this.#logs.reopen();
  }

  /** Writes out what the logs hold. */
  async closeLogs(): Promise<void> {
    await this.#logs.close();
  }
}

/** Hosts without a `listen` of their own; all of them when there is no such host. */
function sharedHosts(plan: ProxyPlan): number[] {
  const all = plan.hosts.map((_, index) => index);
  const shared = all.filter((index) => !plan.hosts[index].hasOwnListen);
  return shared.length > 0 ? shared : all;
}
