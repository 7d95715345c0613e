/** Performs what the core asks for. The system is injected, so that tests need no processes. */
import { step } from "./core/core.ts";
import { type Action, allWorkers, type Event, initialState, type LogEvent } from "./core/state.ts";
import type { Settings, State, StopSignal, Worker } from "./core/state.ts";

/** An event without its time. */
type Happening<E = Event> = E extends Event ? Omit<E, "nowMs"> : never;

/** What happens to a worker after its start. */
export interface WorkerHandler {
  onReady(pausable: boolean): void;
  onDied(status: number | null): void;
}

/** A worker that was started, or why none was. */
export type Launch = { readonly pid: number } | {
  readonly pid: null;
  readonly reason: string;
  /** As a shell has it for a command that it cannot start: 127 not found, else 126. */
  readonly exitCode: number;
};

/** Everything the engine does to the world. */
export interface System {
  nowMs(): number;
  /** Reads variables that change while we run. */
  settings(): Settings;
  launch(slot: number, generation: number, handler: WorkerHandler): Launch;
  /** Calls back once when a process that is not our child has ended. */
  watchOrphan(pid: number, onDied: () => void): void;
  probe(generation: number, pid: number, onReady: () => void): void;
  signal(pid: number, signal: string): void;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  log(entry: LogEvent): void;
  writeStatus(state: State): void;
  tell(what: "ready" | "reloading" | "stopping"): void;
  /** Called after every step. */
  onStep(state: State): void;
}

export class Engine {
  /** Resolves with the exit code. */
  readonly finished: Promise<number>;
  readonly #system: System;
  readonly #pauseSignals: { readonly pause: string; readonly resume: string };
  readonly #timers = new Map<string, number>();
  readonly #queue: Event[] = [];
  #state: State;
  #running = false;
  #finish!: (code: number) => void;

  constructor(
    system: System,
    slotCount: number,
    pauseSignals: { readonly pause: string; readonly resume: string },
  ) {
    this.#system = system;
    this.#pauseSignals = pauseSignals;
    this.#state = initialState(slotCount);
    this.finished = new Promise((resolve) => this.#finish = resolve);
  }

  get state(): State {
    return this.#state;
  }

  start(orphans: readonly Worker[] = []): void {
    for (const { pid, generation } of orphans) {
      this.#system.watchOrphan(
        pid,
        () => this.#dispatch({ type: "died", generation, status: null }),
      );
    }
    this.#dispatch({ type: "start", orphans });
  }

  hup(): void {
    this.#dispatch({ type: "hup" });
  }

  stop(signal: StopSignal): void {
    this.#dispatch({ type: "stop", signal });
  }

  #dispatch(happening: Happening): void {
    this.#queue.push({ ...happening, nowMs: this.#system.nowMs() } as Event);
    // An action may cause an event at once; it waits until the step is done.
    if (this.#running) return;
    this.#running = true;
    try {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
        const { state, actions } = step(this.#system.settings(), this.#state, event);
        this.#state = state;
        for (const action of actions) this.#perform(action);
        this.#system.onStep(this.#state);
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(action: Action): void {
    const system = this.#system;
    switch (action.type) {
      case "spawn":
        return this.#spawn(action.slot, action.generation);
      case "signal":
        return system.signal(action.pid, action.signal);
      case "pause":
      case "resume":
        return system.signal(action.pid, this.#pauseSignals[action.type]);
      case "probe":
        return system.probe(action.generation, action.pid, () => {
          this.#dispatch({ type: "ready", generation: action.generation });
        });
      case "arm":
        return this.#arm(action.timer, action.delayMs);
      case "disarm":
        return this.#disarm(action.timer);
      case "log":
        return system.log(action.entry);
      case "status":
        return system.writeStatus(this.#state);
      case "tell":
        return system.tell(action.what);
      case "exit":
        for (const timer of [...this.#timers.keys()]) this.#disarm(timer);
        return this.#finish(action.code);
    }
  }

  #spawn(slot: number, generation: number): void {
    const launch = this.#system.launch(slot, generation, {
      onReady: (pausable) => this.#dispatch({ type: "ready", generation, pausable }),
      onDied: (status) => this.#dispatch({ type: "died", generation, status }),
    });
    if (launch.pid === null) {
      const { reason, exitCode } = launch;
      this.#dispatch({ type: "refused", generation, reason, exitCode });
    } else this.#dispatch({ type: "spawned", generation, pid: launch.pid });
  }

  #arm(name: string, delayMs: number): void {
    this.#disarm(name);
    const fire = () => {
      this.#timers.delete(name);
      this.#dispatch({ type: "timer", name });
    };
    this.#timers.set(name, this.#system.setTimer(delayMs, fire));
  }

  #disarm(name: string): void {
    const handle = this.#timers.get(name);
    if (handle === undefined) return;
    this.#timers.delete(name);
    this.#system.clearTimer(handle);
  }
}

/** Live pids with their generations, for the status file: what serves and what drains. */
export function statusLines(state: State): { generation: number; pid: number }[] {
  const starting = new Set(state.slots.map((slot) => slot.candidate));
  return allWorkers(state).filter((worker) => !starting.has(worker) && worker.pid > 0)
    .map(({ generation, pid }) => ({ generation, pid }));
}
