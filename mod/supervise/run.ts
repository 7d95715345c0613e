/** One run of a supervisor: files, log, sockets, signals, the runner, and the cleanup. */
import { StartError } from "../base/errors.ts";
import { logChoice } from "../base/log_choice.ts";
import { version } from "../base/version.ts";
import { isoLocal } from "../log/mod.ts";
import { closeAll } from "../net/descriptor.ts";
import { reapOrphans } from "../process/children/children.ts";
import { allVariables } from "../process/environment.ts";
import { sealInherited } from "../process/handover/inherited.ts";
import { PidFile, readPid } from "../process/files/pid_file.ts";
import { processInfo } from "../process/proc.ts";
import { claimReadiness } from "../process/handover/readiness.ts";
import { addSignalListener, sendSignal, swallowSignal } from "../process/signals/signals.ts";
import { forbidNewPrivileges, isRoot } from "../process/privileges/become_user.ts";
import { Openers } from "../process/opening/openers.ts";
import { userToBecome } from "../process/privileges/choose_user.ts";
import type { RunAs } from "../process/privileges/run_as.ts";
import { SocketLease } from "../process/handover/socket_lease.ts";
import { StatusFile } from "../process/files/status_file.ts";
import { containerSources, findContainer } from "../process/container.ts";
import { containerChannelPath } from "../probes/container_channel.ts";
import { type Controlled, ControlSocket } from "./control/control_socket.ts";
import { claimDaemonReport } from "./daemon.ts";
import { openerHost } from "../lifecycle/root_parent.ts";
import { Runner } from "../lifecycle/runner.ts";
import { type CloseHealth, healthOf, openHealthListener } from "./health.ts";
import { FileReloads } from "./file_reloads.ts";
import { Launcher } from "./launcher.ts";
import { type GivenSocket, takeListenFds } from "./sockets/listen_fds.ts";
import { InheritedOutput, type LogOutput, openLog } from "./log_output.ts";
import type { RunPlan } from "./plan/plan.ts";
import { asWorkers, findOrphans, type Orphan, renewLeases } from "./orphans.ts";
import { acquireSockets } from "./acquire_sockets.ts";
import { Stopping } from "./stopping.ts";
import { jsonLine, levelOf, type ReportEvent, textLine } from "./report.ts";
import { GenerationNews } from "./generations/news.ts";
import { HeldSockets } from "./sockets/held_sockets.ts";
import { allWorkers, type StopSignal, unreadiness } from "../lifecycle/core/state.ts";
import { statusOf } from "./control/status.ts";
import type { AcmeTls } from "./acme.ts";
import { RealSystem } from "./system.ts";
import type { Succession, SuccessionParts } from "./takeover/succession.ts";
import { tlsVariables } from "../tls/appliance.ts";
import { Replacement } from "./replacement/replacement.ts";
import { stateVersion } from "./replacement/state.ts";
import { type TakenState, takeState } from "./replacement/take_state.ts";
import { releaseSignals } from "../process/signals/held_signals.ts";
import { prepareTls } from "./tls.ts";

/** Runs until the last worker has ended. Returns the exit code. Throws `StartError`. */
export async function run(plan: RunPlan): Promise<number> {
  const runAs = userToBecome(plan.user === null ? null : { text: plan.user, setting: "--user" });
  const taken = takeState();
  const succession = plan.takeOverPath === null ? null : await beginSuccession(plan.takeOverPath);
  const former = taken?.state ?? succession?.formerTls;
  const { tls, listen } = await prepareTls(plan, former);
  const supervisor = new Supervisor({ ...plan, listen }, runAs, tls, succession, taken);
  try {
    return await supervisor.run();
  } finally {
    await supervisor.release();
    tls.dispose();
  }
}

/** Throws `StartError` when the running supervisor at `path` refuses. */
async function beginSuccession(path: string): Promise<Succession> {
  const { Succession } = await import("./takeover/succession.ts");
  return new Succession(path, allVariables());
}

class Supervisor {
  #output: LogOutput = new InheritedOutput();
  #pidFile: PidFile | null = null;
  #sockets: HeldSockets | null = null;
  #controls: readonly ControlSocket[] = [];
  #closeHealth: CloseHealth = () => {};
  #system: RealSystem | null = null;
  #fileReloads: FileReloads | null = null;
  #news: GenerationNews | null = null;
  #runner: Runner | null = null;
  /** null: no worker becomes another user than ours, or it has no part of ours. */
  #openers: Openers | null = null;
  #stopping: Stopping | null = null;
  /** null: workers do not use leases, or systemd holds the sockets, too. */
  #lease: SocketLease | null = null;
  /** Stop signals that arrived before the runner existed. */
  readonly #early: StopSignal[] = [];
  /** Workers of a supervisor that died. */
  #orphans: readonly Orphan[] = [];
  #replacement: Replacement | null = null;
  readonly #statusFile: StatusFile | null;
  readonly #listeners: (() => void)[] = [];
  /** Write ends of the leases of other supervisors' workers. */
  readonly #renewed: number[] = [];
  /** Those of the program before this one, until its workers have ended. */
  readonly #keptLeases: number[] = [];
  /** Workers of a supervisor that died while we took over: they end once we serve. */
  readonly #replaced: number[] = [];
  readonly #startedMs = performance.now();

  constructor(
    readonly plan: RunPlan,
    /** The user that workers become; null: none, or that of this process. */
    readonly runAs: RunAs | null,
    readonly tls: AcmeTls,
    /** null without --take-over. */
    readonly succession: Succession | null,
    /** What the program before this one has left; null: none was replaced. */
    readonly taken: TakenState | null,
  ) {
    this.#statusFile = plan.statusFile === null ? null : new StatusFile(plan.statusFile);
  }

  async run(): Promise<number> {
    const { plan, taken } = this;
    claimReadiness();
    this.#listen();
    if (taken !== null) releaseSignals();
    const reportUp = claimDaemonReport();
    const given = takeListenFds(allVariables());
    // Other inherited descriptors go to workers, as with Server::Starter, but not to our helpers.
    const passedThrough = sealInherited();
    this.#report({ event: "start", pid: Deno.pid });
    const sockets = this.#sockets = await this.#openSockets(given, passedThrough);
    const logPipe = taken?.state.logPipe ?? null;
    this.#output = openLog(plan.log, (entry) => this.#report(entry), logPipe);
    const launcher = this.#makeLauncher(sockets, passedThrough);
    const news = this.#news = new GenerationNews({
      why: this.#startReason(),
      isShown: plan.own,
      kept: taken?.state.board ?? null,
    });
    launcher.board = news.readEnd;
    launcher.onStatus = (generation, text) => news.note(generation, text);
    // systemd's sockets are not in the plan, but belong in the greeting and the status.
    const held = { ...plan, listen: sockets.specs };
    const report = (entry: ReportEvent) => this.#report(entry);
    const system = new RealSystem(held, launcher, this.#statusFile, report, news);
    const runner = new Runner(system, plan.workers);
    system.runner = runner;
    this.#system = system;
    this.#runner = runner;
    this.#controls = this.#openControls(runner, system, sockets);
    system.controls = this.#controls;
    if (plan.health !== null) {
      this.#closeHealth = await openHealthListener(plan.health, () => runner.state);
    }
    this.#stopping = new Stopping({
      runner,
      sockets,
      shutdownDelayMs: plan.shutdownDelayMs,
      emptiesQueues: () => this.#lease !== null || this.succession?.isShared === true,
      onLeaving: (delayMs) => this.#report({ event: "leaving", delayMs }),
    });
    this.#attach(system, runner, launcher, sockets);
    reapOrphans();
    reportUp?.();
    const { note, fault } = this.tls;
    if (note !== "") this.#report({ event: "note", text: note });
    if (fault !== null) this.#report({ event: "fault", text: fault });
    runner.start(asWorkers(taken?.state.workers ?? this.#orphans, performance.now()));
    for (const signal of this.#early.splice(0)) this.#stop(signal);
    return await runner.finished;
  }

  /** What the first generation is started for. */
  #startReason(): string {
    if (this.taken !== null) return "USR2";
    if (this.succession?.hasFormer === true) return "take-over";
    return this.#orphans.length > 0 ? "death of the supervisor before this one" : "start";
  }

  /** Takes the sockets over, or opens them, after the pid file says that no other owner runs. */
  async #openSockets(
    given: readonly GivenSocket[],
    passedThrough: readonly number[],
  ): Promise<HeldSockets> {
    const { plan, taken } = this;
    const deadPid = plan.pidFile === null || taken !== null ? null : readPid(plan.pidFile);
    // The supervisor that we take over from holds it until its end.
    if (this.succession?.hasFormer !== true) this.#acquirePidFile();
    // Scanning all processes takes time: only where a dead supervisor may have left workers.
    const mayHaveOrphans = deadPid !== null || (plan.reusePort && taken === null);
    const { sockets, orphans } = await acquireSockets({
      plan,
      given,
      passedThrough,
      orphans: mayHaveOrphans ? findOrphans(plan.listen, deadPid) : [],
      taken,
      succession: this.succession,
      report: (entry) => this.#report(entry),
    });
    this.#orphans = orphans;
    taken?.closeRest();
    this.#renewed.push(...renewLeases(this.#orphans));
    this.#keptLeases.push(...taken?.state.leases ?? []);
    return sockets;
  }

  #makeLauncher(sockets: HeldSockets, passedThrough: readonly number[]): Launcher {
    const { plan, taken } = this;
    const identity = `${Deno.pid}:${processInfo(Deno.pid)?.startTime}`;
    const output = this.#output.descriptors;
    const { variables } = this.tls;
    const parts = [sockets, output, identity, passedThrough, variables] as const;
    const launcher = new Launcher(plan, ...parts, this.runAs);
    if (plan.own && isRoot()) {
      // The workers find out whom to become; this thread starts them, and passes the flag on.
      if (this.runAs !== null || mayChooseUser(plan)) forbidNewPrivileges();
      this.#openers = launcher.openers = new Openers(openerHost(), taken?.state.openers ?? []);
    }
    if (plan.own && sockets.areOurs) this.#lease = launcher.lease = new SocketLease();
    launcher.servedConfig = taken?.state.servedConfig ??
      this.#orphans.find((each) => each.servedConfig)?.servedConfig ?? null;
    if (plan.watch || plan.watchFiles.length > 0) this.#watchFiles(launcher);
    return launcher;
  }

  /** What happens at the turning points of the workers' lifecycle. */
  #attach(system: RealSystem, runner: Runner, launcher: Launcher, sockets: HeldSockets): void {
    const { plan, succession } = this;
    system.onStopping = () => {
      this.tls.stop();
      if (succession?.isShared === true) return sockets.handOver();
      // Now only the workers hold them. The last worker of a queue empties and closes it, so that later
      // clients are refused at once, even while a long request still runs.
      sockets.release();
      this.#lease?.end();
      closeAll([...this.#renewed.splice(0), ...this.#keptLeases.splice(0)]);
    };
    const replacement = this.#replacement = this.#openReplacement(runner, launcher, sockets);
    system.onSettled = () => {
      replacement.settle();
      const isAlone = !allWorkers(runner.state).some(({ orphan }) => orphan);
      if (isAlone) closeAll(this.#keptLeases.splice(0));
    };
    const parts = this.#successionParts(runner, sockets);
    system.onServing = () => {
      this.tls.begin((event, text) => this.#report({ event, text }));
      succession?.serves(parts);
      for (const pid of this.#replaced.splice(0)) sendSignal(pid, plan.settings.signalOnHup);
    };
    succession?.bound(parts);
  }

  /** Releases everything, the pid file last: `--stop` waits for it. */
  async release(): Promise<void> {
    for (const remove of this.#listeners) remove();
    for (const control of this.#controls) control.close();
    this.#closeHealth();
    this.#fileReloads?.close();
    this.#news?.close();
    this.succession?.close();
    if (this.succession?.isShared === true) this.#sockets?.handOver();
    this.#sockets?.release();
    this.#lease?.close();
    this.#openers?.close();
    this.#statusFile?.remove();
    await this.#output.close();
    this.#pidFile?.release();
  }

  #acquirePidFile(): void {
    const { pidFile } = this.plan;
    if (pidFile !== null) this.#pidFile = PidFile.acquire(pidFile);
  }

  /** Somebody else may have been faster: that is no reason to end. */
  #acquireFreedPidFile(): void {
    try {
      this.#acquirePidFile();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#report({ event: "note", text: `no pid file: ${error.message}` });
    }
  }

  #successionParts(runner: Runner, sockets: HeldSockets): SuccessionParts {
    return {
      sockets,
      tls: {
        ticketSeed: this.tls.variables[tlsVariables.ticketSeed] ?? null,
        selfSigned: this.tls.selfSigned,
      },
      unready: () => unreadiness(runner.state),
      onTakenOver: () => runner.stop("TERM"),
      onFormerEnd: (asItShould) => {
        if (!asItShould) this.#replaceOrphansOf(this.succession?.formerPid ?? null, runner);
        this.#acquireFreedPidFile();
      },
      note: (text) => this.#report({ event: "note", text }),
    };
  }

  /** The supervisor that we take over from was killed; its workers still serve our sockets. */
  #replaceOrphansOf(pid: number | null, { state }: Runner): void {
    const orphans = findOrphans(this.plan.listen, pid);
    this.#renewed.push(...renewLeases(orphans));
    this.#replaced.push(...orphans.map((orphan) => orphan.pid));
    if (!state.hasServed) return;
    for (const one of this.#replaced.splice(0)) sendSignal(one, this.plan.settings.signalOnHup);
  }

  /** Called first: once the pid file exists, signals may arrive, even before the first worker. */
  #listen(): void {
    for (const signal of ["TERM", "INT", "QUIT"] as const) {
      this.#listeners.push(addSignalListener(signal, () => {
        this.#stop(signal);
      }));
    }
    this.#listeners.push(
      // Before the first start there is nothing to replace.
      addSignalListener("HUP", () => this.#hup(false)),
      addSignalListener("USR1", () => this.#reopenLogs()),
      addSignalListener("USR2", () => this.#replacement?.request()),
      swallowSignal("ALRM"),
    );
  }

  /** Ours, and those of proxy and serve; USR1 would end a program that does not expect it. */
  #reopenLogs(): void {
    this.#output.reopen();
    if (this.plan.own) this.#runner?.reopen();
  }

  #watchFiles(launcher: Launcher): void {
    const reloads = this.#fileReloads = new FileReloads({
      always: this.plan.watchFiles,
      onChange: (text) => {
        this.#report({ event: "note", text: `${text}, spawning a new worker` });
        this.#hup(true, text);
      },
    });
    launcher.onFiles = (files, ready) => reloads.onFiles(files, ready);
  }

  /** `triesOnce`: a failure is final until the next change of a file, or a HUP. */
  #hup(triesOnce: boolean, why = ""): void {
    if (why !== "") this.#news?.request(why);
    if (this.#system !== null) this.#system.triesOnce = triesOnce;
    this.#runner?.hup();
  }

  /** What USR2 needs; it waits until no worker is starting. */
  #openReplacement(runner: Runner, launcher: Launcher, sockets: HeldSockets): Replacement {
    return new Replacement({
      state: () => runner.state,
      refusal: () =>
        this.#stopping?.isLeaving === true || this.succession?.isShared === true
          ? "a stop has begun, or another supervisor takes over"
          : null,
      keep: () => ({
        version: stateVersion,
        sockets: sockets.kept,
        workers: allWorkers(runner.state).map(({ pid, generation }) => ({ pid, generation })),
        leases: [
          ...this.#keptLeases,
          ...this.#renewed,
          ...(this.#lease === null ? [] : [this.#lease.writeEnd]),
        ],
        logPipe: this.#output.beforeReplacement(),
        ticketSeed: this.tls.variables[tlsVariables.ticketSeed] ?? null,
        selfSigned: this.tls.selfSigned,
        notifySocket: claimReadiness().socket,
        servedConfig: launcher.servedConfig,
        openers: this.#openers?.states ?? [],
        board: this.#news?.kept ?? null,
      }),
      passedThrough: launcher.passedThrough,
      onFailure: () => this.#output.afterReplacement(),
      note: (text) => this.#report({ event: "note", text }),
    });
  }

  /** One at the path of the plan, and one for `hayate health` in a container. */
  #openControls(runner: Runner, system: RealSystem, sockets: HeldSockets): ControlSocket[] {
    const { controlPath, controlIsExplicit } = this.plan;
    const controlled = this.#controlled(runner, system, sockets);
    const open = (path: string | null, isNeeded: boolean): ControlSocket[] => {
      if (path === null) return [];
      try {
        return [new ControlSocket(path, controlled)];
      } catch (error) {
        if (!(error instanceof StartError) || isNeeded) throw error;
        this.#report({ event: "note", text: `no control socket: ${error.message}` });
        return [];
      }
    };
    // If it was not requested, an unusual path of the pid file must not break a drop-in replacement.
    const ours = open(controlPath, controlIsExplicit);
    return isInContainer() ? [...ours, ...open(containerChannelPath(), false)] : ours;
  }

  #controlled(runner: Runner, system: RealSystem, sockets: HeldSockets): Controlled {
    const context = () => ({
      plan: this.plan,
      listen: sockets.specs.map(({ name }) => name),
      pid: Deno.pid,
      version,
      nowMs: performance.now(),
      startedMs: this.#startedMs,
      lastFailure: system.lastFailure,
    });
    return {
      get state() {
        return runner.state;
      },
      status: () => statusOf(runner.state, context()),
      health: () => healthOf(runner.state),
      hup: () => this.#hup(false, "supervise reload"),
      stop: () => this.#stop("TERM"),
    };
  }

  #stop(signal: StopSignal): void {
    if (this.#stopping === null) this.#early.push(signal);
    else this.#stopping.stop(signal);
  }

  #report(entry: ReportEvent): void {
    // Server::Starter's lines have no time, and programs may match them.
    const line = logChoice.json
      ? jsonLine(entry, Date.now())
      : this.plan.asStartServer
      ? textLine(entry)
      : `${isoLocal(new Date())} [${levelOf(entry)}] ${textLine(entry)}`;
    this.#output.write(line);
  }
}

/** Whether workers of root may become another user by themselves. */
function mayChooseUser({ user, command }: RunPlan): boolean {
  const [mode, ...words] = command;
  return user === null && (mode === "proxy" || words.some((word) => /^--user(=|$)/.test(word)));
}

function isInContainer(): boolean {
  return findContainer(Deno.pid, Deno.ppid, containerSources(allVariables())) !== null;
}
