/** The proxy server of one plan: its listeners, its upstreams with their checks, and its engine. */
import { PendingTokens } from "../../acme/pending_tokens.ts";
import { formatAddress } from "../../base/address.ts";
import type { StartFaults } from "../../base/start_faults.ts";
import { version } from "../../base/version.ts";
import { ProxyProtocolListeners } from "../../conn/accept/proxy_protocol_accept.ts";
import { type Logger, SparseLog } from "../../log/mod.ts";
import type { AcceptHandler, Reactor } from "../../net/reactor.ts";
import type { HeldLease } from "../../process/handover/socket_lease.ts";
import type { InheritedBoard } from "../../process/handover/generation_board.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import { SecuredListeners } from "../../tls/secured_listeners.ts";
import { TicketRing } from "../../tls/sessions/ticket_ring.ts";
import { AcceptGate } from "./accept_gate.ts";
import { AccessLogs } from "./access_logs.ts";
import { ControlPlane } from "../control/control_plane.ts";
import { RouteCompiler } from "../engine/compile.ts";
import { Engine } from "../engine/engine.ts";
import { Generation } from "../engine/records/engine_metrics.ts";
import { WelcomeHandler } from "../engine/handlers/welcome.ts";
import { CertificateGuard, type ListenerTrust } from "../engine/clients/certificate_guard.ts";
import { challengeFolderIn, checkableTlsOptions, tlsOptionsOf } from "./tls_options.ts";
import { configFilesDefault } from "../../config/default_file.ts";
import type { Route } from "../engine/routes/routes.ts";
import type { ListenerSet, Opening } from "./listeners.ts";
import { PeerSet } from "../../base/peer_set.ts";
import type { ListenPlan, ListenProxyProtocol, ProxyPlan } from "../plan/plan.ts";
import { CountersReporter } from "../workers/counters_reporter.ts";
import type { WorkerMember } from "../workers/member.ts";

export interface ServerParts {
  readonly reactor: Reactor;
  readonly logger: Logger;
  /** The listening sockets of the process. */
  readonly listeners: ListenerSet;
  /** The supervisor's certificate and the sockets that it is for; null without one. */
  readonly tls: InheritedTls | null;
  /** What the supervisor tells of its generations; null: nothing. */
  readonly board: InheritedBoard | null;
  /** Seed of the TLS session ticket keys, which outlive plans and workers. */
  readonly ticketSeed: string;
  /** SERVER_STARTER_GENERATION or, after a reload, a count of this process; null: neither. */
  readonly generation: number | null;
  /** The channel to the master; null in a single process. */
  readonly member: WorkerMember | null;
  /** The lease of the process that passed the sockets; null: no such process or no lease. */
  readonly lease: HeldLease | null;
  /** Only checks, serves nothing: see `rehearse`. */
  readonly isRehearsal?: boolean;
}

export class ProxyServer {
  readonly #plan: ProxyPlan;
  readonly #parts: ServerParts;
  readonly #engine: Engine;
  readonly #logs: AccessLogs;
  readonly #control: ControlPlane;
  readonly #compiler: RouteCompiler;
  readonly #tls: SecuredListeners;
  readonly #proxyProtocol: ProxyProtocolListeners;
  #previous: ProxyServer | null;
  #opening: Opening | null = null;
  readonly #gate: AcceptGate;
  readonly #generation: Generation;
  #isDraining = false;
  #isLeaving = false;
  #isServing = false;

  /**
   * `plan` must be resolved (`resolvePlan`). `previous`: the server to be replaced, which serves
   * until then; null at the start of the process.
   */
  constructor(plan: ProxyPlan, parts: ServerParts, previous: ProxyServer | null) {
    const { reactor, logger } = parts;
    this.#plan = plan;
    this.#parts = parts;
    this.#previous = previous;
    this.#engine = new Engine(
      reactor,
      plan.global,
      logger,
      previous === null ? undefined : previous.#engine.metrics,
    );
    this.#generation = new Generation(parts.generation ?? 1, () => this.connectionCount);
    const { handshakeTimeoutMs, sessions, tlsOffload } = plan.global;
    this.#tls = new SecuredListeners(reactor, logger, parts.tls, {
      handshakeTimeoutMs,
      ticketSeed: parts.ticketSeed,
      sessions,
      openTicketRing: (file, host) => new TicketRing(file, host),
      offload: tlsOffload,
    });
    this.#proxyProtocol = new ProxyProtocolListeners(
      reactor,
      new SparseLog(logger, () => reactor.nowMs),
      plan.global.handshakeTimeoutMs,
    );
    this.#gate = new AcceptGate({
      connectionsMax: plan.global.connectionsMax,
      connectionCount: () => this.connectionCount,
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      closeIdle: (idleMs, countMax) => this.#engine.closeIdle(idleMs, countMax),
    });
    if (plan.global.connectionsMax > 0) this.#engine.onConnectionEnd = this.#gate.left;
    this.#logs = new AccessLogs((message) => logger.error(message), parts.isRehearsal);
    this.#control = new ControlPlane(plan, {
      reactor,
      logger,
      engine: this.#engine,
      generation: parts.generation ?? 1,
      isWorker: parts.member !== null,
      tls: parts.tls,
      board: parts.board,
      ...(parts.member === null
        ? {}
        : { onOutlier: (report) => parts.member!.reportOutlier(report) }),
      idleCount: (group) => this.#compiler.idleCount(group),
      unready: () => this.#unreadyReason(),
      settled: null,
    }, previous === null ? null : previous.#control);
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

  /** Of the plan's own orders, and of those of the supervisor. */
  get #pendingTokens(): PendingTokens | null {
    const own = challengeFolderIn(this.#plan.global.acme);
    return PendingTokens.in(own, this.#parts.tls?.challengeFolder ?? null);
  }

  get connectionCount(): number {
    return this.#engine.connectionCount;
  }

  /** See `Health`. */
  unready(query: string): string | null {
    return this.#control.admin.unready(query);
  }

  #unreadyReason(): string | null {
    if (this.#isDraining) return "stopping";
    if (this.#isLeaving) return "about to stop";
    return this.#isServing ? null : "starting";
  }

  /** For the list of changes. */
  noteReload(why: string, fault: string | null): void {
    this.#control.noteReload(why, fault);
  }

  /** Opens the sockets. Accepts nothing for the plan before `serve`. Throws `StartError`. */
  listen(): void {
    const { listeners, generation } = this.#parts;
    const isWelcome = this.#plan.file === null;
    const facts = { version, generation, pid: Deno.pid, configFiles: configFilesDefault };
    const unknown = this.#compiler.unknown(
      isWelcome ? [new WelcomeHandler(this.#engine, facts)] : [],
    );
    // The welcome page is served on all sockets of a supervisor, and needs no others.
    const plans = isWelcome && listeners.isInherited ? [] : this.#plan.listeners;
    this.#opening = listeners.open(
      plans,
      (listen, socketName) => this.#serverOf(listen, socketName, unknown),
    );
    this.#control.listen((handler) => this.#compiler.unknown([handler]));
  }

  /**
   * Does what `listen` does without opening a socket: compiles routes, reads certificates and keys.
   * Adds errors to `faults`.
   */
  async rehearse(faults: StartFaults): Promise<void> {
    const unknown = this.#compiler.unknown([]);
    for (const index of this.#plan.hosts.keys()) {
      await faults.check(() => void this.#compiler.hosts([index], "http"));
    }
    for (const listen of this.#plan.listeners) {
      // Certificates first, so that a host that cannot be compiled does not hide their errors.
      const options = checkableTlsOptions(listen, this.#plan.global.acme);
      if (options !== null) {
        await faults.check(() => void this.#tls.secure(options, acceptsNothing, () => {}));
      }
      await faults.check(() => void this.#serverOf(listen, null, unknown));
    }
  }

  /** Returns the handler of one socket; `unknown` answers requests that match none of its hosts. */
  #serverOf(listen: ListenPlan | null, socketName: string | null, unknown: Route): AcceptHandler {
    const engine = this.#engine;
    const secure = this.#tls;
    const options = listen === null ? null : tlsOptionsOf(listen, this.#plan.global.acme);
    // Sockets that h2o.conf does not name use TLS if the supervisor says so.
    const wanted = listen === null && socketName !== null && secure.isSecure(socketName);
    const http2 = listen === null ? this.#plan.global.http2.isOn : listen.http2;
    const scheme = options !== null || wanted ? "https" : "http";
    const hosts = this.#compiler.hosts(listen?.hosts ?? sharedHosts(this.#plan), scheme);
    const counters = engine.metrics.listener(
      listen === null ? socketName ?? "inherited" : formatAddress(listen.address),
    );
    const onTlsFailure = () => void counters.tlsFailures++;
    const certificates = listen === null ? null : this.#guardOf(listen);
    const traits = { http2, certificates, pendingTokens: this.#pendingTokens };
    const onAccept = this.#gate.limited(
      engine.addServer(hosts, scheme, unknown, counters, traits).onAccept,
    );
    const onSecured: AcceptHandler = (socket, listener) => {
      counters.tlsHandshakes++;
      return onAccept(socket, listener);
    };
    const behindTls = options !== null
      ? secure.secure(options, onSecured, onTlsFailure)
      : wanted
      ? secure.secureInherited(socketName, onSecured, onTlsFailure, !http2)
      : onAccept;
    return this.#withProxyProtocol(behindTls, listen?.proxyProtocol ?? "off");
  }

  #guardOf(listen: ListenPlan): CertificateGuard | null {
    const own = this.#trustOf(listen);
    if (own === null) return null;
    const others = this.#plan.listeners.filter((other) => other !== listen);
    return CertificateGuard.of(
      own,
      others.flatMap((other) => this.#trustOf(other) ?? []),
    );
  }

  /** null: the listener has no TLS, or no certificate yet. */
  #trustOf(listen: ListenPlan): ListenerTrust | null {
    const options = tlsOptionsOf(listen, this.#plan.global.acme);
    if (options === null) return null;
    const { identities, clientCaFile = null } = options;
    return { identities, clientCaFile, hosts: listen.hosts.map((i) => this.#plan.hosts[i].name) };
  }

  /** Wraps `onAccept` so that the PROXY header is read first, from peers that send one. */
  #withProxyProtocol(onAccept: AcceptHandler, announces: ListenProxyProtocol): AcceptHandler {
    if (announces === "off") return onAccept;
    if (typeof announces === "string") {
      return this.#proxyProtocol.wrap(announces === "required", onAccept);
    }
    const balancers = new PeerSet(announces);
    return this.#proxyProtocol.wrap(true, onAccept, (peer) => balancers.has(peer));
  }

  /** Waits until it is known which peers are up. The reactor must be running. */
  async prepare(): Promise<void> {
    if (this.#parts.member === null) await this.#control.start();
    else await this.#attach(this.#parts.member);
  }

  /** Starts to accept, replacing the previous server. */
  serve(): void {
    this.#isServing = true;
    this.#opening?.commit();
    if (this.#previous !== null) this.#control.takeOver(this.#previous.#control);
    this.#previous = null;
    const { metrics } = this.#engine;
    metrics.generations.add(this.#generation);
    metrics.addLogs(this.#logs);
    // The master has logged this for all its workers.
    const level = this.#parts.member === null ? "info" : "debug";
    for (const { address } of this.#opening?.fresh ?? []) {
      this.#parts.logger.write(level, `listening on ${formatAddress(address)}`);
    }
    this.#gate.open(this.#opening?.listeners ?? [], this.#opening?.shared ?? []);
  }

  /** Gets the peers and their health from the master. */
  async #attach(member: WorkerMember): Promise<void> {
    const { reactor } = this.#parts;
    const { groups } = this.#control;
    const reporter = new CountersReporter({
      metrics: this.#engine.metrics,
      groups,
      connections: () => this.#engine.connectionCount,
      idleCount: (group) => this.#compiler.idleCount(group),
      nowMs: () => reactor.nowMs,
    });
    await member.attach({
      groups,
      nowMs: () => reactor.nowMs,
      counters: () => reporter.next(),
      recount: () => reporter.startOver(),
      onOrphaned: () =>
        void this.drain(this.#parts.lease?.isOver ?? false).then(() => reactor.stop()),
    });
  }

  /** Accepts no more and closes client connections after their next response, until `resume`. */
  pause(): void {
    if (this.#isDraining) return;
    this.#gate.pause();
    this.#engine.shed(true);
  }

  /** Goes on accepting, and closes client connections after their next response. */
  leave(): void {
    this.#isLeaving = true;
    if (!this.#isDraining) this.#engine.shed(true);
  }

  /** Ends a pause. */
  resume(): void {
    if (this.#isDraining) return;
    this.#engine.shed(this.#isLeaving);
    this.#gate.resume();
  }

  /** Undoes `listen`; the previous server stays. */
  async discard(): Promise<void> {
    this.#opening?.discard();
    await this.#end();
    await this.closeLogs();
  }

  /**
   * Accepts no more, finishes what was accepted, then closes everything. `isLastHolder`: no parent
   * process holds the sockets, so connections in their accept queues are served, too.
   */
  async drain(isLastHolder: boolean): Promise<void> {
    // First, so that queued connections are accepted even when the server is full.
    this.#gate.close();
    this.#parts.listeners.close(isLastHolder);
    await this.#end();
  }

  /** Frees memory that is kept for reuse. */
  releaseSpare(): void {
    this.#engine.releaseSpare();
  }

  /** Closes all connections at once. Returns how many exchanges and tunnels were under way. */
  cut(): number {
    return this.#engine.cut();
  }

  /** As `drain`, after a successor has taken over the sockets and the peers. */
  async retire(): Promise<void> {
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#gate.close();
    this.#isDraining = this.#generation.isEnding = true;
    this.#previous = null;
    this.#control.closeListener();
    const drained = this.#engine.drain();
    await this.#proxyProtocol.settled();
    await this.#tls.settled();
    await drained;
    // Handshakes that ended after the last connection was closed have added new connections.
    await this.#engine.drain();
    this.#control.stop();
    this.#tls.close();
    for (const upstream of this.#compiler.upstreams) upstream.close();
    this.#engine.metrics.generations.delete(this.#generation);
  }

  /** Reopens log files by name. */
  reopenLogs(): void {
    this.#logs.reopen();
  }

  /** Flushes and closes the access logs. */
  async closeLogs(): Promise<void> {
    await this.#logs.close();
    this.#engine.metrics.endLogs(this.#logs);
  }
}

/** Returns the hosts without their own `listen`, or all hosts if there are none. */
function sharedHosts(plan: ProxyPlan): number[] {
  const all = plan.hosts.map((_, index) => index);
  const shared = all.filter((index) => !plan.hosts[index].hasOwnListen);
  return shared.length > 0 ? shared : all;
}

function acceptsNothing(): never {
  throw new Error("a rehearsal accepts nothing");
}
