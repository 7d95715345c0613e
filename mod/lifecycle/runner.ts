/** Feeds events to the core and performs its actions, on a system that tests can replace. */
import { step } from "./core/core.ts";
import { type Action, allWorkers, type Event, initialState, type LogEvent } from "./core/state.ts";
import { type Settings, type State, type StopSignal, timerKey } from "./core/state.ts";
import type { Timer, Worker } from "./core/state.ts";
import { pauseSignals } from "../process/signals/pausing.ts";

/** An event without its time. */
type UntimedEvent<E = Event> = E extends Event ? Omit<E, "nowMs"> : never;

/** Receives what happens to a worker after its start. */
export interface WorkerHandler {
  onReady(pausable: boolean): void;
  onDied(status: number | null): void;
}

/** A started worker, or why it could not be started. */
export type Launch = { readonly pid: number } | {
  readonly pid: null;
  readonly reason: string;
  /** As a shell's for a command that it cannot start: 127 not found, else 126. */
  readonly exitCode: number;
};

/** Everything the runner needs from the outside. */
export interface System {
  nowMs(): number;
  /** Read before every step: an envdir may change some of them while we run. */
  settings(): Settings;
  launch(slot: number, generation: number, handler: WorkerHandler): Launch;
  /** Calls back once, when a process that is not our child has ended; needed with orphans. */
  watchOrphan?(pid: number, onDied: () => void): void;
  /** Calls back when the worker is ready without having notified us. */
  probe?(generation: number, pid: number, onReady: () => void): void;
  signal(pid: number, signal: string): void;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  log(entry: LogEvent): void;
  writeStatus?(state: State): void;
  /**
   * `ready`: every slot serves, for the first time or after a restart. `stopping` comes before the
   * workers are signalled to end.
   */
  notify(what: "ready" | "reloading" | "stopping"): void;
  /** Called after every step. */
  onStep(state: State): void;
}

export class Runner {
  /** Resolves with the exit code. */
  readonly finished: Promise<number>;
  readonly #system: System;
  /** Handles of the armed timers by `timerKey`. */
  readonly #timers = new Map<string, number>();
  readonly #queue: Event[] = [];
  #state: State;
  #running = false;
  #finish!: (code: number) => void;

  constructor(system: System, slotCount: number) {
    this.#system = system;
    this.#state = initialState(slotCount);
    this.finished = new Promise((resolve) => this.#finish = resolve);
  }

  get state(): State {
    return this.#state;
  }

  start(orphans: readonly Worker[] = []): void {
    for (const { pid, generation } of orphans) {
      this.#system.watchOrphan?.(
        pid,
        () => this.#dispatch({ type: "died", generation, status: null }),
      );
    }
    this.#dispatch({ type: "start", orphans });
  }

  hup(): void {
    this.#dispatch({ type: "hup" });
  }

  /** Replaces a worker that serves, because it asks for it or has grown too large. */
  replace(generation: number, reason: string): void {
    this.#dispatch({ type: "replace", generation, reason });
  }

  /** `slotCount` is at least 1. `redistributes`: the slots' sockets depend on their number. */
  resize(slotCount: number, redistributes: boolean): void {
    this.#dispatch({ type: "resize", slotCount, redistributes });
  }

  /**
   * Starts a worker if none serves; `state.isReviving` is true until it is ready or its start has
   * failed.
   */
  revive(): void {
    this.#dispatch({ type: "revive" });
  }

  /** Makes the workers reopen their log files (USR1). */
  reopen(): void {
    this.#dispatch({ type: "reopen" });
  }

  /** Makes the workers accept no connections. */
  pause(): void {
    this.#dispatch({ type: "pause" });
  }

  resume(): void {
    this.#dispatch({ type: "resume" });
  }

  /** Tells the workers that a stop is near; they go on serving. */
  leave(): void {
    this.#dispatch({ type: "leave" });
  }

  stop(signal: StopSignal): void {
    this.#dispatch({ type: "stop", signal });
  }

  /** Ends the workers without waiting for what they have accepted. */
  stopAtOnce(): void {
    this.#dispatch({ type: "stop-at-once" });
  }

  #dispatch(untimed: UntimedEvent): void {
    this.#queue.push({ ...untimed, nowMs: this.#system.nowMs() } as Event);
    // An action may cause an event synchronously; it is queued until the step is done.
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
        return system.signal(action.pid, pauseSignals[action.type]);
      case "probe":
        return system.probe?.(action.generation, action.pid, () => {
          this.#dispatch({ type: "ready", generation: action.generation });
        });
      case "arm":
        return this.#arm(action.timer, action.delayMs);
      case "disarm":
        return this.#disarm(action.timer);
      case "log":
        return system.log(action.entry);
      case "status":
        return system.writeStatus?.(this.#state);
      case "notify":
        return system.notify(action.what);
      case "exit":
        for (const handle of this.#timers.values()) system.clearTimer(handle);
        this.#timers.clear();
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

  #arm(timer: Timer, delayMs: number): void {
    this.#disarm(timer);
    const key = timerKey(timer);
    const fire = () => {
      this.#timers.delete(key);
      this.#dispatch({ type: "timer", timer });
    };
    this.#timers.set(key, this.#system.setTimer(delayMs, fire));
  }

  #disarm(timer: Timer): void {
    const key = timerKey(timer);
    const handle = this.#timers.get(key);
    if (handle === undefined) return;
    this.#timers.delete(key);
    this.#system.clearTimer(handle);
  }
}

/** The serving and draining workers, for the status file. */
export function statusLines(state: State): { generation: number; pid: number }[] {
  const starting = new Set(state.slots.map((slot) => slot.candidate));
  return allWorkers(state).filter((worker) => !starting.has(worker) && worker.pid > 0)
    .map(({ generation, pid }) => ({ generation, pid }));
}
