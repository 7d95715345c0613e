/**
 * What the supervisor's core knows, hears and asks for. Plain data: the core is a pure function of
 * (settings, state, event) to (state, actions), and the engine does what the actions say.
 */

/** One live process that runs the command. */
export interface Worker {
  /** Number of the start, from 1, failed starts included (SERVER_STARTER_GENERATION). */
  readonly generation: number;
  /** 0 until the engine has told it. */
  pid: number;
  startedMs: number;
  /** It understands "accept no more" and "accept again", see process/pausing.ts. */
  pausable: boolean;
  /** It has been told to end. */
  told: boolean;
  /** Left behind by a supervisor that was killed: not our child, so its exit status is unknown. */
  readonly orphan: boolean;
}

/** A place for one worker at a time; `--workers N` makes N. */
export interface Slot {
  /** Serves. Null before the first success and between a death and the next success. */
  current: Worker | null;
  /** Started, not yet known to be ready. */
  candidate: Worker | null;
  /** The one that `current` replaced, still able to serve, until the window of the trial is over. */
  previous: Worker | null;
  /** Replaced and told to end, or failed and told to end. */
  draining: Worker[];
  /** Starts that failed since the last success or request. */
  failures: number;
  /** Unexpected deaths in quick succession. */
  crashes: number;
  /** A start is due when the timer `retry` fires. */
  retryPending: boolean;
  /** A start is due when fewer generations are alive. */
  blocked: boolean;
}

/** The replacement of every worker, one slot after the other. */
export interface Restart {
  /** A slot is done when its worker's generation is at least this. */
  readonly firstGeneration: number;
  slot: number;
  /** Took over from a dead supervisor; no signal asked for it. */
  readonly takeover: boolean;
}

export interface Failure {
  readonly generation: number;
  readonly reason: string;
}

export interface State {
  phase: "running" | "stopping" | "stopped";
  /** Starts so far. */
  generation: number;
  slots: Slot[];
  restart: Restart | null;
  /** A HUP came during a restart: one more follows, however many came. */
  restartWaiting: boolean;
  /** `autoRestart` fired while old workers were alive. */
  autoRestartDue: boolean;
  /** Shutdown signals received. */
  stopRequests: number;
  /** Why the last start or restart failed; null after a success. */
  lastFailure: Failure | null;
  /** Every slot has been ready at least once. */
  hasServed: boolean;
  restartCount: number;
  /** What the process will exit with once everything has ended. */
  exitCode: number;
}

/** How the core behaves. Times are milliseconds; 0 switches a limit off unless said otherwise. */
export interface Settings {
  readonly signalOnHup: string;
  readonly signalOnTerm: string;
  /** `interval`: alive after `intervalMs` is ready. `told`: only a `ready` event is. */
  readonly readiness: "interval" | "told";
  readonly intervalMs: number;
  readonly startTimeoutMs: number;
  readonly startFailuresMax: number;
  /** The same limit until every slot has served once: there is no old generation to fall back to. */
  readonly firstStartFailuresMax: number;
  readonly killOldDelayMs: number;
  readonly trialMs: number;
  readonly drainTimeoutMs: number;
  readonly generationsMax: number;
  readonly autoRestartMs: number;
}

export type StopSignal = "TERM" | "INT" | "QUIT";

export type Event =
  & { readonly nowMs: number }
  & (
    | { readonly type: "start"; readonly orphans?: readonly Worker[] }
    | { readonly type: "spawned"; readonly generation: number; readonly pid: number }
    /** No process came into being. */
    | {
      readonly type: "refused";
      readonly generation: number;
      readonly reason: string;
      /** What a shell would exit with: 127 for a program that does not exist, else 126. */
      readonly exitCode: number;
    }
    | { readonly type: "ready"; readonly generation: number; readonly pausable?: boolean }
    /** `status` as waitpid(2) gives it; null for an orphan, which only its parent can ask. */
    | { readonly type: "died"; readonly generation: number; readonly status: number | null }
    | { readonly type: "timer"; readonly name: string }
    | { readonly type: "hup" }
    | { readonly type: "stop"; readonly signal: StopSignal }
  );

/** Facts worth a line. `report.ts` knows their words. */
export type LogEvent =
  | { readonly event: "starting"; readonly generation: number; readonly pid: number }
  | { readonly event: "refused"; readonly generation: number; readonly reason: string }
  | {
    readonly event: "start-failed";
    readonly generation: number;
    readonly pid: number;
    readonly status: number | null;
  }
  | {
    readonly event: "start-timeout";
    readonly generation: number;
    readonly pid: number;
    readonly timeoutMs: number;
  }
  | { readonly event: "retry"; readonly delayMs: number; readonly failures: number }
  | { readonly event: "hup" }
  | { readonly event: "hup-waits" }
  | { readonly event: "auto-restart"; readonly forced: boolean; readonly intervalMs: number }
  | { readonly event: "takeover"; readonly pids: readonly number[] }
  | { readonly event: "running"; readonly signal: string; readonly pids: readonly number[] }
  | { readonly event: "kill-delay"; readonly delayMs: number }
  | { readonly event: "trial"; readonly pid: number; readonly trialMs: number }
  | { readonly event: "killing" }
  | { readonly event: "blocked"; readonly alive: number }
  | {
    readonly event: "gave-up";
    readonly failures: number;
    readonly reason: string;
    readonly serving: number | null;
  }
  | {
    readonly event: "rolled-back";
    readonly generation: number;
    readonly pid: number;
    readonly status: number | null;
    readonly to: number;
  }
  | {
    readonly event: "old-died";
    readonly generation: number;
    readonly pid: number;
    readonly status: number | null;
  }
  | {
    readonly event: "died-unexpectedly";
    readonly generation: number;
    readonly pid: number;
    readonly status: number | null;
  }
  | { readonly event: "drain-timeout"; readonly pid: number; readonly timeoutMs: number }
  | {
    readonly event: "stopping";
    readonly received: string;
    readonly signal: string;
    readonly pids: readonly number[];
  }
  | { readonly event: "hurrying"; readonly received: string; readonly pids: readonly number[] }
  | { readonly event: "killed"; readonly pids: readonly number[] }
  | {
    readonly event: "died";
    readonly generation: number;
    readonly pid: number;
    readonly status: number | null;
  }
  | { readonly event: "exiting" };

export type Action =
  | { readonly type: "spawn"; readonly slot: number; readonly generation: number }
  | { readonly type: "signal"; readonly pid: number; readonly signal: string }
  /** Accept no more connections, or accept again. */
  | { readonly type: "pause" | "resume"; readonly pid: number }
  /** Starts the probes of `--ready-http` and `--ready-exec`; they end with `ready` or the death. */
  | { readonly type: "probe"; readonly generation: number; readonly pid: number }
  /** Replaces a timer of the same name. */
  | { readonly type: "arm"; readonly timer: string; readonly delayMs: number }
  | { readonly type: "disarm"; readonly timer: string }
  | { readonly type: "log"; readonly entry: LogEvent }
  /** Rewrite the status file. */
  | { readonly type: "status" }
  /** Tell our own starter (sd_notify(3)). */
  | { readonly type: "tell"; readonly what: "ready" | "reloading" | "stopping" }
  | { readonly type: "exit"; readonly code: number };

/** Nothing started. */
export function initialState(slotCount: number): State {
  return {
    phase: "running",
    generation: 0,
    slots: Array.from({ length: slotCount }, () => ({
      current: null,
      candidate: null,
      previous: null,
      draining: [],
      failures: 0,
      crashes: 0,
      retryPending: false,
      blocked: false,
    })),
    restart: null,
    restartWaiting: false,
    autoRestartDue: false,
    stopRequests: 0,
    lastFailure: null,
    hasServed: false,
    restartCount: 0,
    exitCode: 0,
  };
}

/** A copy that shares nothing that changes. */
export function copyState(state: State): State {
  const copy = (worker: Worker | null) => worker === null ? null : { ...worker };
  return {
    ...state,
    slots: state.slots.map((slot) => ({
      ...slot,
      current: copy(slot.current),
      candidate: copy(slot.candidate),
      previous: copy(slot.previous),
      draining: slot.draining.map((worker) => ({ ...worker })),
    })),
    restart: state.restart === null ? null : { ...state.restart },
  };
}

/** Live workers of a slot, oldest start first. */
export function workersOf(slot: Slot): Worker[] {
  const all = [slot.current, slot.candidate, slot.previous, ...slot.draining];
  return all.filter((worker) => worker !== null).sort((a, b) => a.generation - b.generation);
}

/** Every live worker. */
export function allWorkers(state: State): Worker[] {
  return state.slots.flatMap(workersOf);
}
