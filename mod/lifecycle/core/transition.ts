/** One step of the core in progress: the state being changed and the actions collected so far. */
import type { Action, Event, LogEvent, Settings, Slot, State, Timer, Worker } from "./state.ts";
import { allWorkers, copyState } from "./state.ts";

/** Time to end for a worker that never became ready, when there is no drain timeout. */
const failedDrainMs = 10_000;

export class Transition {
  readonly state: State;
  readonly actions: Action[] = [];

  constructor(readonly settings: Settings, state: State, readonly nowMs: Event["nowMs"]) {
    this.state = copyState(state);
  }

  log(entry: LogEvent): void {
    this.actions.push({ type: "log", entry });
  }

  arm(timer: Timer, delayMs: number): void {
    this.actions.push({ type: "arm", timer, delayMs });
  }

  disarm(timer: Timer): void {
    this.actions.push({ type: "disarm", timer });
  }

  notify(what: "ready" | "reloading" | "stopping"): void {
    this.actions.push({ type: "notify", what });
  }

  writeStatus(): void {
    this.actions.push({ type: "status" });
  }

  signal(worker: Worker, signal: string): void {
    if (worker.pid > 0) this.actions.push({ type: "signal", pid: worker.pid, signal });
  }

  /**
   * Signals a worker to end and lets it drain. One that `failed` to start is always killed
   * eventually, even without a drain timeout.
   */
  retire(slot: Slot, worker: Worker, signal: string, failed = false): void {
    this.signal(worker, signal);
    worker.signalled = true;
    if (!slot.draining.includes(worker)) slot.draining.push(worker);
    this.armDrain(worker, failed);
  }

  armDrain(worker: Worker, failed = false): void {
    const limitMs = this.settings.drainTimeoutMs || (failed ? failedDrainMs : 0);
    if (limitMs > 0) this.arm({ kind: "drain", generation: worker.generation }, limitMs);
  }

  fail(generation: number, reason: string): void {
    this.state.lastFailure = { generation, reason };
  }

  /**
   * The slot and worker of a generation, or null when that worker has ended. Workers of removed slots
   * are found in the first slot, which always exists.
   */
  find(generation: number): { slot: Slot; index: number; worker: Worker } | null {
    for (const [index, slot] of this.state.slots.entries()) {
      for (const worker of [slot.current, slot.candidate, slot.previous, ...slot.draining]) {
        if (worker?.generation === generation) return { slot, index, worker };
      }
    }
    const worker = this.state.surplus.find((one) => one.generation === generation);
    return worker === undefined ? null : { slot: this.state.slots[0], index: 0, worker };
  }

  /** The first start has succeeded: from now on failures are retried, and a HUP may give up. */
  get hasStarted(): boolean {
    const { state, settings } = this;
    return settings.startedWith === "any" ? state.anyServed : state.hasServed;
  }

  get alive(): Worker[] {
    return allWorkers(this.state);
  }
}

/** Pids as Server::Starter lists them: sorted as strings. */
export function pidsOf(workers: readonly Worker[]): number[] {
  return workers.map(({ pid }) => pid).filter((pid) => pid > 0)
    .sort((left, right) => String(left) < String(right) ? -1 : 1);
}
