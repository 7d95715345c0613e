/** The real system of the runner: processes, timers, files and the service manager. */
import { logChoice } from "../base/log_choice.ts";
import { version } from "../base/version.ts";
import { invokedPath } from "../process/executable.ts";
import { containerSources, findContainer } from "../process/container.ts";
import { watchProcess } from "../process/pidfd.ts";
import { suggestCollection } from "../process/memory/memory.ts";
import { notify as notifyManager, notifyReady } from "../process/handover/readiness.ts";
import { monotonicUs } from "../sys/monotonic_us.ts";
import type { StatusFile } from "../process/files/status_file.ts";
import type { ControlSocket } from "./control/control_socket.ts";
import { realProcesses } from "../lifecycle/real_processes.ts";
import {
  type Launch,
  type Runner,
  statusLines,
  type System,
  type WorkerHandler,
} from "../lifecycle/runner.ts";
import type { GenerationFailure } from "../process/handover/generation_report.ts";
import type { GenerationNews } from "./generations/news.ts";
import type { Launcher } from "./launcher.ts";
import { timingOf } from "./plan/options.ts";
import type { RunPlan } from "./plan/plan.ts";
import { probeUntilReady } from "./probes.ts";
import { greeting, stopTimeWarning } from "./greeting.ts";
import type { ReportEvent } from "./report.ts";
import type { LogEvent, Settings, State } from "../lifecycle/core/state.ts";

/** The last failure, for the status. */
export interface FailureRecord {
  readonly generation: number | null;
  readonly reason: string;
  readonly atMs: number;
}

export class RealSystem implements System {
  readonly nowMs = realProcesses.nowMs;
  readonly signal = realProcesses.signal;
  readonly setTimer = realProcesses.setTimer;
  readonly clearTimer = realProcesses.clearTimer;
  /** Set once, before the runner starts. */
  runner: Runner | null = null;
  controls: readonly ControlSocket[] = [];
  /** Called before the workers are signalled to end. */
  onStopping: () => void = () => {};
  /** Called once, when the first worker serves. */
  onServing: () => void = () => {};
  /** Called after each step. */
  onSettled: () => void = () => {};
  lastFailure: FailureRecord | null = null;
  /** The restart in progress is given up at its first failure. */
  triesOnce = false;
  #greeted = false;
  #toldFailure: GenerationFailure | null;

  constructor(
    readonly plan: RunPlan,
    readonly launcher: Launcher,
    readonly statusFile: StatusFile | null,
    readonly report: (entry: ReportEvent) => void,
    readonly news: GenerationNews,
  ) {
    this.#toldFailure = news.lastFailure;
  }

  settings(): Settings {
    const once = this.triesOnce ? { startFailuresMax: 1 } : {};
    return { ...this.plan.settings, ...once, ...timingOf(this.launcher.variables()) };
  }

  launch(slot: number, generation: number, handler: WorkerHandler): Launch {
    return this.launcher.launch(slot, generation, handler);
  }

  watchOrphan(pid: number, onDied: () => void): void {
    watchProcess(pid, onDied);
  }

  probe(generation: number, pid: number, onReady: () => void): void {
    const { readyHttp, readyExec } = this.plan;
    if (readyHttp === null && readyExec === null) return;
    const slots = () => this.runner?.state.slots ?? [];
    const slot = slots().findIndex(({ candidate }) => candidate?.generation === generation);
    probeUntilReady(readyHttp, readyExec, {
      generation,
      pid,
      environment: this.launcher.environmentFor(Math.max(0, slot), generation),
      output: this.launcher.output,
      isWanted: () => slots().some(({ candidate }) => candidate?.generation === generation),
    }).then((ready) => {
      if (ready) onReady();
    });
  }

  log(entry: LogEvent): void {
    this.news.on(entry);
    const failure = this.news.lastFailure;
    if (failure !== this.#toldFailure && failure !== null) {
      const { number: generation, cause: reason } = failure;
      this.lastFailure = { generation, reason, atMs: this.nowMs() };
    }
    this.#toldFailure = failure;
    this.report(entry);
  }

  writeStatus(state: State): void {
    try {
      this.statusFile?.write(statusLines(state));
    } catch (error) {
      // A full disk must not take the service down.
      const reason = error instanceof Error ? error.message : String(error);
      this.report({ event: "note", text: `cannot write the status file: ${reason}` });
    }
  }

  /** sd_notify(3); the unit type `notify-reload` needs the monotonic time in microseconds. */
  notify(what: "ready" | "reloading" | "stopping"): void {
    if (what === "ready") {
      notifyReady(`MAINPID=${Deno.pid}`);
      suggestCollection();
    } else if (what === "stopping") {
      notifyManager("STOPPING=1");
      this.onStopping();
    } else notifyManager("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`);
  }

  onStep(state: State): void {
    this.news.tell(state);
    for (const control of this.controls) control.onStep(state);
    this.onSettled();
    if (this.#greeted || !state.hasServed) return;
    this.#greeted = true;
    this.onServing();
    const sources = containerSources(this.launcher.variables());
    const container = findContainer(Deno.pid, Deno.ppid, sources);
    const warning = container === null ? null : stopTimeWarning(this.plan, container);
    if (warning !== null) this.report({ event: "note", text: warning });
    if (this.plan.asStartServer || logChoice.json) return;
    for (const text of greeting(this.plan, Deno.pid, invokedPath(), version, container)) {
      this.report({ event: "note", text });
    }
  }
}
