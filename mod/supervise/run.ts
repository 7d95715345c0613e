/** A supervisor's life: files, log, sockets, signals, the engine, and the way out. */
import { StartError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { reapOrphans } from "../process/children.ts";
import { passedThroughDescriptors, startTimeOf } from "../process/inherited.ts";
import { PidFile } from "../process/pid_file.ts";
import { claimReadiness, notify, notifyReady } from "../process/readiness.ts";
import { addSignalListener, sendSignal, swallowSignal } from "../process/signals.ts";
import { StatusFile } from "../process/status_file.ts";
import { Engine, statusLines, type System } from "./engine.ts";
import { Launcher } from "./launcher.ts";
import { InheritedOutput, type LogOutput, openLog } from "./log_output.ts";
import { type RunPlan, timingOf } from "./options.ts";
import { greeting, jsonLine, type ReportEvent, textLine } from "./report.ts";
import { HeldSockets } from "./sockets.ts";
import { pauseSignals, type State } from "./state.ts";

const timerMaxMs = 2 ** 31 - 1;

/** Runs until the last worker has ended. Returns the exit code. Throws `StartError`. */
export async function run(plan: RunPlan): Promise<number> {
  const supervisor = new Supervisor(plan);
  try {
    return await supervisor.run();
  } finally {
    await supervisor.release();
  }
}

class Supervisor {
  #output: LogOutput = new InheritedOutput();
  #pidFile: PidFile | null = null;
  #sockets: HeldSockets | null = null;
  readonly #statusFile: StatusFile | null;
  readonly #listeners: (() => void)[] = [];
  #greeted = false;

  constructor(readonly plan: RunPlan) {
    this.#statusFile = plan.statusFile === null ? null : new StatusFile(plan.statusFile);
  }

  async run(): Promise<number> {
    claimReadiness();
    const { plan } = this;
    const passedThrough = passedThroughDescriptors();
    this.#report({ event: "start", pid: Deno.pid });
    if (plan.pidFile !== null) this.#pidFile = PidFile.acquire(plan.pidFile);
    const sockets = this.#bind(passedThrough);
    this.#output = openLog(plan.log, (entry) => this.#report(entry));
    const identity = `${Deno.pid}:${startTimeOf(Deno.pid) ?? "0"}`;
    const output = this.#output.descriptors;
    const launcher = new Launcher(plan, sockets, output, identity, passedThrough);
    const engine = new Engine(this.#system(launcher), plan.workers, pauseSignals);
    this.#listen(engine);
    reapOrphans();
    engine.start();
    return await engine.finished;
  }

  /** Undoes everything, in the order that makes `--stop` wait for the very end. */
  async release(): Promise<void> {
    for (const remove of this.#listeners) remove();
    this.#sockets?.release();
    this.#statusFile?.remove();
    await this.#output.close();
    this.#pidFile?.release();
  }

  #bind(passedThrough: readonly number[]): HeldSockets {
    const { plan } = this;
    return this.#sockets = new HeldSockets(
      plan.listen,
      {
        backlog: plan.backlog,
        reusePort: plan.reusePort,
        mode: plan.socketMode,
        uid: -1,
        gid: -1,
        passedThrough,
      },
      plan.workers,
      {
        onDescriptor: (number) => this.#report({ event: "descriptor", number }),
        onRemoved: (path) => this.#report({ event: "socket-removed", path }),
      },
    );
  }

  #listen(engine: Engine): void {
    for (const signal of ["TERM", "INT", "QUIT"] as const) {
      this.#listeners.push(addSignalListener(signal, () => engine.stop(signal)));
    }
    this.#listeners.push(
      addSignalListener("HUP", () => engine.hup()),
      addSignalListener("USR1", () => this.#output.reopen()),
      swallowSignal("USR2"),
      swallowSignal("ALRM"),
    );
  }

  #system(launcher: Launcher): System {
    return {
      nowMs: () => performance.now(),
      settings: () => ({ ...this.plan.settings, ...timingOf(launcher.variables()) }),
      launch: (slot, generation, handler) => launcher.launch(slot, generation, handler),
      watchOrphan: () => {},
      probe: () => {},
      signal: (pid, signal) => void sendSignal(pid, signal),
      setTimer: (delayMs, callback) => setTimeout(callback, Math.min(delayMs, timerMaxMs)),
      clearTimer: (handle) => clearTimeout(handle),
      log: (entry) => this.#report(entry),
      writeStatus: (state) => this.#writeStatus(state),
      tell: (what) => tell(what),
      onStep: (state) => this.#greet(state),
    };
  }

  #writeStatus(state: State): void {
    try {
      this.#statusFile?.write(statusLines(state));
    } catch (error) {
      // A full disk must not take the service down.
      this.#report({ event: "note", text: `cannot write the status file: ${messageOf(error)}` });
    }
  }

  #greet(state: State): void {
    if (this.#greeted || !state.hasServed) return;
    this.#greeted = true;
    if (this.plan.asStartServer || this.plan.logFormat === "json") return;
    for (const text of greeting(this.plan, Deno.pid, "hayate", version)) {
      this.#report({ event: "note", text });
    }
  }

  #report(entry: ReportEvent): void {
    const json = this.plan.logFormat === "json";
    this.#output.write(json ? jsonLine(entry, Date.now()) : textLine(entry));
  }
}

/** systemd's words (sd_notify(3)); `notify-reload` wants the monotonic time in microseconds. */
function tell(what: "ready" | "reloading" | "stopping"): void {
  if (what === "ready") notifyReady(`MAINPID=${Deno.pid}`);
  else if (what === "stopping") notify("STOPPING=1");
  else notify("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`);
}

/** /proc/uptime counts as CLOCK_BOOTTIME does; it differs from CLOCK_MONOTONIC by time suspended. */
function monotonicUs(): number {
  return Math.round(parseFloat(Deno.readTextFileSync("/proc/uptime")) * 1e6);
}

function messageOf(error: unknown): string {
  return error instanceof StartError || error instanceof Error ? error.message : String(error);
}
