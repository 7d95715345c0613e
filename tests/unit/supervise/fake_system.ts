/** A system without processes: the test controls time, timers, workers and files. */
import { type Launch, Runner, statusLines } from "../../../mod/lifecycle/runner.ts";
import type { System, WorkerHandler } from "../../../mod/lifecycle/runner.ts";
import { FakeProcesses } from "../lifecycle/fake_processes.ts";
import { plainSettings } from "../lifecycle/settings.ts";
import { textLine } from "../../../mod/supervise/report.ts";
import { type LogEvent, type Settings, type State } from "../../../mod/lifecycle/core/state.ts";

/** What a worker does when it is started. */
export type Behaviour = "lives" | "dies at once" | "is missing";

export class FakeSystem implements System {
  readonly runner: Runner;
  readonly log_: string[] = [];
  readonly signals: string[] = [];
  readonly notified: string[] = [];
  readonly statusTexts: string[] = [];
  readonly workers = new Map<number, WorkerHandler>();
  exitCode: number | null = null;
  behaviour: Behaviour = "lives";
  readonly #processes = new FakeProcesses((text) => this.signals.push(text));
  readonly nowMs = this.#processes.system.nowMs;
  readonly signal = this.#processes.system.signal;
  readonly setTimer = this.#processes.system.setTimer;
  readonly clearTimer = this.#processes.system.clearTimer;
  #nextPid = 101;
  settings_: Settings;

  constructor(settings: Partial<Settings> = {}, slotCount = 1) {
    this.settings_ = { ...plainSettings, ...settings };
    this.runner = new Runner(this, slotCount);
    this.runner.finished.then((code) => this.exitCode = code);
  }

  pass(ms: number): void {
    this.#processes.pass(ms);
  }

  /** The worker reports that it is ready. */
  ready(pid: number, pausable = false): void {
    this.#handlerOf(pid).onReady(pausable);
  }

  /** The worker ends with this raw wait status. */
  die(pid: number, status = 0): void {
    const handler = this.#handlerOf(pid);
    this.workers.delete(pid);
    handler.onDied(status);
  }

  /** Lines since the last call. */
  takeLog(): string[] {
    return this.log_.splice(0);
  }

  /** `signals` since the last call, as `TERM 101`. */
  takeSignals(): string[] {
    return this.signals.splice(0);
  }

  /** Pids by role: `serving 101, draining 100`. */
  get lines(): string {
    return statusLines(this.runner.state).map(({ generation, pid }) => `${generation}:${pid}`)
      .join(" ");
  }

  #handlerOf(pid: number): WorkerHandler {
    const handler = this.workers.get(pid);
    if (handler === undefined) throw new Error(`no worker ${pid}`);
    return handler;
  }

  settings(): Settings {
    return this.settings_;
  }
  launch(_slot: number, _generation: number, handler: WorkerHandler): Launch {
    if (this.behaviour === "is missing") {
      return { pid: null, reason: "/app: no such file", exitCode: 127 };
    }
    const pid = this.#nextPid++;
    this.workers.set(pid, handler);
    if (this.behaviour === "dies at once") this.setTimer(0, () => this.die(pid, 256));
    return { pid };
  }
  watchOrphan(pid: number, onDied: () => void): void {
    this.workers.set(pid, { onReady: () => {}, onDied });
  }
  probe(): void {}
  log(entry: LogEvent): void {
    this.log_.push(textLine(entry));
  }
  writeStatus(state: State): void {
    this.statusTexts.push(
      statusLines(state).map(({ generation, pid }) => `${generation}:${pid}`).join(" "),
    );
  }
  notify(what: "ready" | "reloading" | "stopping"): void {
    this.notified.push(what);
  }
  onStep(): void {}
}
