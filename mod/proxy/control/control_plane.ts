/**
 * Manages the peers of one process: health checks, operators' changes, the state file that keeps
 * both, and the control listener. A single process has one; so does the master of several workers.
 */
import { StartError } from "../../base/errors.ts";
import { isResolved } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { PeerGroup } from "../balance/peer_group.ts";
import type { OutlierReport, PeerReference } from "../balance/peer_state.ts";
import { openPrivate, type PrivateListener } from "../../conn/accept/private_listener.ts";
import type { Engine } from "../engine/engine.ts";
import type { Route, RouteHandler } from "../engine/routes/routes.ts";
import { Checker } from "../health/checker.ts";
import { prepareProbes, ReactorProbes } from "../health/probe.ts";
import { AddressWatch } from "../names/address_watch.ts";
import { nameLookups } from "../names/lookups.ts";
import { NameWatch } from "../names/name_watch.ts";
import type { ProxyPlan } from "../plan/plan.ts";
import type { InheritedBoard } from "../../process/handover/generation_board.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import { StateFile } from "./state_file.ts";
import { ChangeLog } from "./change_log.ts";
import { AdminApi, type WorkerView } from "./admin_api.ts";
import { CertificateList } from "./certificate_list.ts";
import { ControlHandler } from "./control_handler.ts";
import { handOver, type PeerKeeper } from "./handover.ts";

export interface ControlPlaneParts {
  readonly reactor: Reactor;
  readonly logger: Logger;
  /** Serves the control listener and holds the counters. */
  readonly engine: Engine;
  /** Shown on the status pages. */
  readonly generation: number;
  /** In a worker the master decides: no checks, no state file and no control listener. */
  readonly isWorker: boolean;
  /** What the supervisor has set up for its sockets; null: nothing. */
  readonly tls: InheritedTls | null;
  /** Where it tells of its generations; null: nowhere. */
  readonly board: InheritedBoard | null;
  idleCount(group: PeerGroup): number;
  /** Why this process should get no requests now; null: it is ready. */
  unready(): string | null;
  /** Updates the counters before they are read. */
  refresh?(): void;
  /** Of a master: its workers, for the API. */
  workerViews?(): readonly WorkerView[];
  respawned?(): number;
  /** Called after each probe; `hasChanged` when the peer went up or down. */
  onProbe?(hasChanged: boolean): void;
  /** In a worker: reports an outlier to the master, which decides. */
  onOutlier?(report: OutlierReport): void;
  /** Called after an ejection. */
  onEjection?(): void;
  /** Called after an operator's change. */
  onChange?(): void;
  /** Resolves when a change has reached every worker; null: changes apply immediately. */
  readonly settled: (() => Promise<void>) | null;
}

export class ControlPlane implements PeerKeeper {
  readonly groups: readonly PeerGroup[];
  readonly checker: Checker;
  readonly admin: AdminApi;
  readonly changed = new Set<string>();
  /** Of the process: every plan continues it. */
  readonly #changes: ChangeLog;
  readonly #plan: ProxyPlan;
  readonly #parts: ControlPlaneParts;
  readonly #state: StateFile | null;
  readonly #names: NameWatch | null;
  readonly #addresses: AddressWatch | null;
  #listener: PrivateListener | null = null;
  /** While false, the previous control plane answers operators and writes the state file. */
  #isInCharge: boolean;

  /** `previous`: of the running plan; null at the start of the process. Throws `StartError`. */
  constructor(plan: ProxyPlan, parts: ControlPlaneParts, previous: ControlPlane | null) {
    const { reactor, logger, engine } = parts;
    this.#plan = plan;
    this.#parts = parts;
    this.#changes = previous === null ? new ChangeLog() : previous.#changes;
    this.groups = plan.upstreams.map((upstream) => new PeerGroup(upstream));
    for (const group of this.groups) this.#watchOutliers(group);
    if (!parts.isWorker) {
      for (const { check } of plan.upstreams) if (check !== null) prepareProbes(check);
    }
    this.checker = new Checker(this.groups, {
      transport: new ReactorProbes(reactor),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowMs: () => reactor.nowMs,
      random: Math.random,
      log: (level, line) => logger.write(level, line),
      onResult: (hasChanged) => {
        if (this.#isInCharge) this.#state?.noteProbe(this.groups, this.checker, hasChanged);
        parts.onProbe?.(hasChanged);
      },
    });
    const { stateFile } = plan.global;
    this.#state = stateFile === null || parts.isWorker
      ? null
      : new StateFile(stateFile, logger, this.changed, this.#changes);
    this.#isInCharge = previous === null;
    this.#names = parts.isWorker ? null : this.#watchNames();
    this.#addresses = parts.isWorker ? null : this.#watchAddresses();
    if (previous !== null) this.#names?.continueFrom(previous.groups);
    if (previous === null) this.#state?.restore(this.groups, this.checker, reactor.nowMs);
    else handOver(this, previous, reactor.nowMs, (group, peer) => this.checker.adopt(group, peer));
    if (previous !== null) this.#addresses?.continueFrom(previous.groups);
    const certificates = new CertificateList(plan, parts.tls);
    this.admin = new AdminApi({
      groups: this.groups,
      checker: this.checker,
      metrics: engine.metrics,
      generation: parts.generation,
      workers: plan.global.workers,
      unready: () => parts.unready(),
      nowMs: () => reactor.nowMs,
      idleCount: (group) => parts.idleCount(group),
      refresh: () => parts.refresh?.(),
      ...(parts.workerViews === undefined ? {} : { workerViews: () => parts.workerViews!() }),
      certificates: () => certificates.read(reactor.nowMs),
      supervisor: () => parts.board?.read() ?? null,
      respawned: () => parts.respawned?.() ?? 0,
      changes: this.#changes,
      onChange: (group) => {
        this.changed.add(group.plan.name);
        this.#state?.write(this.groups, this.checker);
        parts.onChange?.();
      },
      settled: parts.settled,
    });
  }

  #watchNames(): NameWatch {
    const { reactor, logger, onChange } = this.#parts;
    return new NameWatch(this.groups, {
      lookups: nameLookups(),
      resolver: this.#plan.global.resolver,
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      info: (message) => logger.info(message),
      warn: (message) => logger.warn(message),
      onAdded: (group, peer) => this.checker.add(group, peer),
      onRemoved: (peer) => this.checker.remove(peer),
      onChange: () => {
        if (this.#isInCharge) onChange?.();
      },
    });
  }

  #watchAddresses(): AddressWatch {
    const { reactor, logger, onChange } = this.#parts;
    return new AddressWatch(this.groups, {
      lookups: nameLookups(),
      resolver: this.#plan.global.resolver,
      nowMs: () => reactor.nowMs,
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      info: (message) => logger.info(message),
      warn: (message) => logger.warn(message),
      onChange: () => {
        if (this.#isInCharge) onChange?.();
      },
    });
  }

  /** Resolves server names and runs the first health checks. The reactor must be running. */
  async start(): Promise<void> {
    // Only after the sockets are bound: a second instance that fails to start must not take the file.
    if (this.#isInCharge) this.#state?.write(this.groups, this.checker);
    await Promise.all([this.#names?.start(), this.#addresses?.start()]);
    await this.checker.start();
    if (this.#isInCharge) this.#listener?.answer();
  }

  #watchOutliers(group: PeerGroup): void {
    const { reactor, logger, onOutlier, onEjection } = this.#parts;
    const upstream = group.plan.name;
    group.watchOutliers({
      nowMs: () => reactor.nowMs,
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      log: (line) => logger.warn(line),
      onEjected: () => onEjection?.(),
      ask: onOutlier === undefined
        ? null
        : (peer, reason) => onOutlier({ upstream, id: peer.index, reason }),
    });
  }

  /** A worker could not reach a named server at any of its addresses. */
  noteUnreachable({ upstream, id }: PeerReference): void {
    const group = this.groups.find(({ plan }) => plan.name === upstream);
    group?.peers.find(({ index }) => index === id)?.noteUnreachable();
  }

  /** A worker has found an outlier: ejects it for all workers, if the limits allow it. */
  judge({ upstream, id, reason }: OutlierReport): void {
    const group = this.groups.find(({ plan }) => plan.name === upstream);
    const peer = group?.peers.find(({ index }) => index === id);
    if (peer !== undefined) group!.eject(peer, reason);
  }

  /**
   * Opens the control listener; `routeOf` returns its route. At the start of the process it answers
   * immediately, unless an earlier generation does: that one keeps answering until this one has
   * started, since it continues to serve if this one cannot start. Throws `StartError`.
   */
  listen(routeOf: (handler: RouteHandler) => Route): void {
    const { control } = this.#plan.global;
    const { engine, reactor, isWorker } = this.#parts;
    if (control === null || isWorker) return;
    const { address } = control;
    if (!isResolved(address)) {
      throw new StartError("control: an IP address or a unix path is expected", 78);
    }
    const route = routeOf(new ControlHandler(engine, this.admin, control));
    const server = engine.addServer([], "http", route);
    this.#listener = openPrivate(reactor, address, server.onAccept);
    if (this.#isInCharge && !this.#listener.isTaken) this.#listener.answer();
  }

  /** Replaces `previous` and stops it. Also takes over its changes since this one was created. */
  takeOver(previous: ControlPlane): void {
    const { nowMs } = this.#parts.reactor;
    handOver(this, previous, nowMs, (group, peer) => this.checker.add(group, peer));
    this.#isInCharge = true;
    this.#names?.restore();
    // Operators may have added servers in between, which only the previous watch has looked up.
    this.#addresses?.refresh();
    this.#listener?.answer();
    previous.closeListener();
    previous.stop();
    this.#state?.write(this.groups, this.checker);
  }

  /** See `ChangeLog.noteReload`. */
  noteReload(why: string, fault: string | null): void {
    this.#changes.noteReload(why, fault);
    this.#state?.write(this.groups, this.checker);
  }

  /** Closes the control listener. */
  closeListener(): void {
    this.#listener?.close();
  }

  /** Stops the checks and lookups; the state file is left to the next generation. */
  stop(): void {
    this.#names?.stop();
    this.#addresses?.stop();
    this.checker.stop();
    this.#state?.stop();
  }
}
