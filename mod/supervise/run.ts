/** A supervisor's life: files, log, sockets, signals, the engine, and the way out. */
import { StartError } from "../base/errors.ts";
import { logChoice } from "../base/log_choice.ts";
import { version } from "../base/version.ts";
import { isoLocal } from "../log/mod.ts";
import { AddressInUse } from "../net/inheritable.ts";
import { reapOrphans } from "../process/children.ts";
import { allVariables } from "../process/environment.ts";
import { sealInherited } from "../process/inherited.ts";
import { pauseSignals } from "../process/pausing.ts";
import { PidFile, readPid } from "../process/pid_file.ts";
import { processInfo } from "../process/proc.ts";
import { claimReadiness } from "../process/readiness.ts";
import { addSignalListener, sendSignal, swallowSignal } from "../process/signals.ts";
import { SocketLease } from "../process/socket_lease.ts";
import { StatusFile } from "../process/status_file.ts";
import { libc } from "../sys/libc.ts";
import type { ApplianceTls } from "../tls/appliance.ts";
import { ControlSocket } from "./control/control_socket.ts";
import { claimDaemonReport } from "./daemon.ts";
import { Engine } from "./runner.ts";
import { Launcher } from "./launcher.ts";
import { type GivenSocket, takeListenFds } from "./sockets/listen_fds.ts";
import { InheritedOutput, type LogOutput, openLog } from "./log_output.ts";
import type { RunPlan } from "./plan/plan.ts";
import { asWorkers, findOrphans, type Orphan, renewLeases, takeSockets } from "./orphans.ts";
import { numberOf } from "./sockets/owners.ts";
import { jsonLine, levelOf, type ReportEvent, textLine } from "./report.ts";
import { HeldSockets } from "./sockets/held_sockets.ts";
import type { StopSignal } from "./core/state.ts";
import { statusOf } from "./control/status.ts";
import { RealSystem } from "./system.ts";
import { prepareTls } from "./tls.ts";

/** Runs until the last worker has ended. Returns the exit code. Throws `StartError`. */
export async function run(plan: RunPlan): Promise<number> {
  const { tls, listen } = prepareTls(plan);
  const supervisor = new Supervisor({ ...plan, listen }, tls);
  try {
    return await supervisor.run();
  } finally {
    await supervisor.release();
    tls.dispose();
  }
}

/**
 * At the end, programs that are not ours have so long to accept what waits in the queues before they are told
 * to end; they may not look into the queue any more then. Our own modes do, and are told at once: see SocketLease.
 */
const queueEndMs = 3000;
const queuePollMs = 5;
/** Orphans from whom sockets cannot be copied have so long to let go of them. */
const orphanEndMs = 30_000;
const orphanPollMs = 50;

class Supervisor {
  #output: LogOutput = new InheritedOutput();
  #pidFile: PidFile | null = null;
  #sockets: HeldSockets | null = null;
  #control: ControlSocket | null = null;
  #engine: Engine | null = null;
  #isStopping = false;
  /** null: workers know nothing of leases, or systemd holds the sockets, too. */
  #lease: SocketLease | null = null;
  /** What signals asked for before there was an engine. */
  readonly #early: StopSignal[] = [];
  /** Workers that a dead supervisor left behind. */
  #orphans: readonly Orphan[] = [];
  readonly #statusFile: StatusFile | null;
  readonly #listeners: (() => void)[] = [];
  readonly #startedMs = performance.now();

  constructor(readonly plan: RunPlan, readonly tls: ApplianceTls) {
    this.#statusFile = plan.statusFile === null ? null : new StatusFile(plan.statusFile);
  }

  async run(): Promise<number> {
    const { plan } = this;
    claimReadiness();
    this.#listen();
    const daemonStands = claimDaemonReport();
    const given = takeListenFds(allVariables());
    // What is left is neither for us nor for our helpers: generations get it, as from Server::Starter.
    const passedThrough = sealInherited();
    this.#report({ event: "start", pid: Deno.pid });
    const deadPid = plan.pidFile === null ? null : readPid(plan.pidFile);
    if (plan.pidFile !== null) this.#pidFile = PidFile.acquire(plan.pidFile);
    // Looking at every process takes time, so only where a dead supervisor may have left something.
    const mayHaveOrphans = deadPid !== null || plan.reusePort;
    this.#orphans = mayHaveOrphans ? findOrphans(plan.listen, deadPid) : [];
    const sockets = await this.#acquire(given, passedThrough);
    this.#sockets = sockets;
    const renewed = renewLeases(this.#orphans);
    this.#output = openLog(plan.log, (entry) => this.#report(entry));
    const identity = `${Deno.pid}:${processInfo(Deno.pid)?.startTime}`;
    const output = this.#output.descriptors;
    const { variables } = this.tls;
    const launcher = new Launcher(plan, sockets, output, identity, passedThrough, variables);
    if (plan.own && sockets.areOurs) this.#lease = launcher.lease = new SocketLease();
    launcher.servedConfig = this.#orphans.find((each) => each.servedConfig)?.servedConfig ?? null;
    // systemd's sockets are not in the plan; whoever reads the greeting wants to see them.
    const held = { ...plan, listen: sockets.specs };
    const system = new RealSystem(held, launcher, this.#statusFile, (entry) => this.#report(entry));
    const engine = new Engine(system, plan.workers, pauseSignals);
    system.engine = engine;
    this.#engine = engine;
    this.#control = this.#openControl(engine, system, sockets);
    system.control = this.#control;
    system.onStopping = () => {
      // Only the workers hold them now: the last one to leave a queue empties it, and who comes later is
      // refused at once, however long a request may run.
      sockets.release();
      this.#lease?.end();
      for (const fd of renewed.splice(0)) libc.close(fd);
    };
    reapOrphans();
    daemonStands?.();
    if (this.tls.note !== "") this.#report({ event: "note", text: this.tls.note });
    engine.start(asWorkers(this.#orphans, performance.now()));
    for (const signal of this.#early.splice(0)) this.#stop(signal);
    return await engine.finished;
  }

  /** Undoes everything, the pid file last: `--stop` waits for it. */
  async release(): Promise<void> {
    for (const remove of this.#listeners) remove();
    this.#control?.close();
    this.#sockets?.release();
    this.#lease?.close();
    this.#statusFile?.remove();
    await this.#output.close();
    this.#pidFile?.release();
  }

  /** The sockets: given by systemd, copied out of orphans, or bound. */
  async #acquire(
    given: readonly GivenSocket[],
    passedThrough: readonly number[],
  ): Promise<HeldSockets> {
    const first = this.#tryToBind(given, passedThrough);
    if (first instanceof HeldSockets) return first;
    if (this.#orphans.length === 0) this.#orphans = findOrphans(this.plan.listen, null);
    if (this.#orphans.length === 0) throw first;
    const second = this.#tryToBind(given, passedThrough);
    if (second instanceof HeldSockets) return second;
    // We may not copy their sockets: the port is free only when they have ended.
    await this.#endOrphans();
    return this.#bind(given, passedThrough);
  }

  #tryToBind(
    given: readonly GivenSocket[],
    passedThrough: readonly number[],
  ): HeldSockets | AddressInUse {
    try {
      return this.#bind(given, passedThrough);
    } catch (error) {
      if (error instanceof AddressInUse) return error;
      throw error;
    }
  }

  async #endOrphans(): Promise<void> {
    const pids = this.#orphans.map(({ pid }) => pid);
    this.#orphans = [];
    const text = `ending workers of a supervisor that died, their sockets are needed:${pids}`;
    this.#report({ event: "note", text });
    for (const pid of pids) sendSignal(pid, this.plan.settings.signalOnTerm);
    const deadline = performance.now() + (this.plan.settings.drainTimeoutMs || orphanEndMs);
    while (pids.some((pid) => processInfo(pid) !== null)) {
      if (performance.now() > deadline) { for (const pid of pids) sendSignal(pid, "KILL"); }
      await new Promise((resolve) => setTimeout(resolve, orphanPollMs));
    }
  }

  #bind(
    given: readonly GivenSocket[],
    passedThrough: readonly number[],
  ): HeldSockets {
    const { plan } = this;
    const names = new Set(plan.listen.map(({ name }) => name));
    const more = given.map(({ spec }) => spec).filter(({ name }) => !names.has(name));
    return new HeldSockets(
      [...plan.listen, ...more],
      {
        backlog: plan.backlog,
        reusePort: plan.reusePort,
        mode: plan.socketMode,
        uid: numberOf("user", plan.socketOwner),
        gid: numberOf("group", plan.socketGroup),
        passedThrough,
      },
      plan.workers,
      {
        onDescriptor: (number) => this.#report({ event: "descriptor", number }),
        onRemoved: (path) => this.#report({ event: "socket-removed", path }),
      },
      (spec, count) => {
        const fds = given.filter((socket) => socket.spec.name === spec.name).map(({ fd }) => fd);
        return fds.length > 0
          ? { fds: fds.slice(0, count), madeByUs: false }
          : { fds: takeSockets(this.#orphans, spec, count), madeByUs: true };
      },
    );
  }

  /** From the very start: whoever finds our pid file may signal us before the first worker is there. */
  #listen(): void {
    for (const signal of ["TERM", "INT", "QUIT"] as const) {
      this.#listeners.push(addSignalListener(signal, () => {
        this.#stop(signal);
      }));
    }
    this.#listeners.push(
      // Before the first start there is nothing to replace.
      addSignalListener("HUP", () => this.#engine?.hup()),
      addSignalListener("USR1", () => this.#output.reopen()),
      swallowSignal("USR2"),
      swallowSignal("ALRM"),
    );
  }

  #openControl(engine: Engine, system: RealSystem, sockets: HeldSockets): ControlSocket | null {
    const path = this.plan.controlPath;
    if (path === null) return null;
    const context = () => ({
      plan: this.plan,
      listen: sockets.specs.map(({ name }) => name),
      pid: Deno.pid,
      version,
      nowMs: performance.now(),
      startedMs: this.#startedMs,
      lastFailure: system.lastFailure,
    });
    try {
      return new ControlSocket(path, {
        get state() {
          return engine.state;
        },
        status: () => statusOf(engine.state, context()),
        hup: () => engine.hup(),
        stop: () => this.#stop("TERM"),
      });
    } catch (error) {
      // Nobody asked for it: an odd place for the pid file must not stop a drop-in.
      if (!(error instanceof StartError) || this.plan.controlIsExplicit) throw error;
      this.#report({ event: "note", text: `no control socket: ${error.message}` });
      return null;
    }
  }

  /** A second signal ends the wait for the queues. */
  #stop(signal: StopSignal): void {
    const engine = this.#engine;
    if (engine === null) this.#early.push(signal);
    else if (this.#isStopping || this.#lease !== null) engine.stop(signal);
    else {
      this.#isStopping = true;
      void this.#emptyQueues(engine).then(() => {
        if (engine.state.phase === "running") engine.stop(signal);
      });
    }
  }

  /** Workers of other programs accept what waits, as long as they have not been told to end. */
  async #emptyQueues({ state }: Engine): Promise<void> {
    const sockets = this.#sockets;
    if (sockets === null || !state.slots.some(({ current }) => current !== null)) return;
    sockets.shutQueues();
    const deadlineMs = performance.now() + queueEndMs;
    while (sockets.hasWaiting && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, queuePollMs));
    }
  }

  #report(entry: ReportEvent): void {
    // Server::Starter's lines have no time; what reads them may know every word.
    const line = logChoice.json
      ? jsonLine(entry, Date.now())
      : this.plan.asStartServer
      ? textLine(entry)
      : `${isoLocal(new Date())} [${levelOf(entry)}] ${textLine(entry)}`;
    this.#output.write(line);
  }
}
