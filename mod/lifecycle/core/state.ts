/**
 * The core's state, events and actions. Plain data: the core is a pure function of (settings, state,
 * event) to (state, actions), and the runner performs the actions.
 */

/** One live process that runs the command. */
export interface Worker {
  /** Number of the start, from 1, failed starts included (SERVER_STARTER_GENERATION). */
  readonly generation: number;
  /** 0 until the runner has started the process. */
  pid: number;
  startedMs: number;
  /** It supports pausing and resuming its accepts, see process/signals/pausing.ts. */
  pausable: boolean;
  /** It has been sent the signal to end. */
  signalled: boolean;
  /** It reopens its logs once it is ready; before that the signal would end it. */
  owesReopening: boolean;
  /** Left over from a supervisor that was killed: not our child, so its exit status is unknown. */
  readonly orphan: boolean;
}

/** Runs one worker at a time; `--workers N` makes N slots. */
export interface Slot {
  /** Serves. Null before the first success, and between a death and the next success. */
  current: Worker | null;
  /** Started, not yet ready. */
  candidate: Worker | null;
  /**
   * The worker that `current` replaced, kept able to serve until the window is over, or the restart
   * if it keeps the old workers.
   */
  previous: Worker | null;
  /** Signalled to end: replaced, or failed to start. */
  draining: Worker[];
  /** Starts that failed since the last success or request. */
  failures: number;
  /** Unexpected deaths in quick succession; reset once a worker has lived for a while. */
  crashes: number;
  /** The next start is due when the timer `retry` fires. */
  retryPending: boolean;
  /** The next start is due when the timer `turn` fires, as starts have to be apart. */
  turnPending: boolean;
  /** The next start is due when fewer generations are alive (`--max-generations`). */
  blocked: boolean;
}

/** The replacement of every worker, one slot after the other. */
export interface Restart {
  /** A slot is done when its worker's generation is at least this. */
  readonly firstGeneration: number;
  slot: number;
  /** It replaces the workers of a dead supervisor; no signal requested it. */
  readonly takeover: boolean;
  /**
   * The old workers serve until every slot has a new one, because the listening sockets are dealt to
   * the workers by slot: while their number changes, only a complete set of workers accepts on every
   * socket. Such a restart is retried without limit.
   */
  readonly keepsOld: boolean;
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
  /** Workers of removed slots, which serve until the restart that keeps the old workers is over. */
  surplus: Worker[];
  restart: Restart | null;
  /** A HUP came during a restart; any number of them leads to one more restart. */
  restartWaiting: boolean;
  /** `autoRestart` fired while old workers were alive. */
  autoRestartDue: boolean;
  /** The earliest time of the next start, see `spawnIntervalMs`. */
  nextStartMs: number;
  /** The workers are asked to accept no connections, and so are those that become ready. */
  isPaused: boolean;
  /** The workers know that the end is near, and so do those that become ready. */
  isLeaving: boolean;
  /** A worker was asked for by `revive`; it is neither ready nor has its start failed. */
  isReviving: boolean;
  /** Shutdown signals received. */
  stopRequests: number;
  /** Workers are killed when the timer `hurry` fires. */
  isHurrying: boolean;
  /** Why the last start or restart failed; null after a success. */
  lastFailure: Failure | null;
  /** Some worker has been ready. */
  anyServed: boolean;
  /** Every slot has been ready at least once. */
  hasServed: boolean;
  restartCount: number;
  /** The parent's exit code once everything has ended. */
  exitCode: number;
}

/** How the core behaves. Times are milliseconds; 0 disables a limit. */
export interface Settings {
  readonly signalOnHup: string;
  readonly signalOnTerm: string;
  /** Ends a worker without further delay, after a second request to stop. */
  readonly signalAtOnce: string;
  /** Tells a worker that a stop is near; null: the workers do not know such a signal. */
  readonly signalOnLeave: string | null;
  /** `one`: the first worker shows that the command can run, then the other slots start. */
  readonly firstStart: "one" | "all";
  /** Whether the first start has succeeded when any worker is ready, or a worker of every slot. */
  readonly startedWith: "any" | "every";
  /** `interval`: ready after living for `intervalMs`. `notify`: ready at the event `ready`. */
  readonly readiness: "interval" | "notify";
  readonly intervalMs: number;
  readonly startTimeoutMs: number;
  /** The least time between two starts. */
  readonly spawnIntervalMs: number;
  readonly startFailuresMax: number;
  /** The limit until the first start has succeeded: there is no old generation to fall back to. */
  readonly firstStartFailuresMax: number;
  /** Failed starts in a row that are retried without backoff. */
  readonly freeFailures: number;
  /** Crashes in quick succession that are restarted without backoff. */
  readonly freeCrashes: number;
  /** The first delay of the backoff; it doubles up to 30 s. */
  readonly backoffFirstMs: number;
  readonly killOldDelayMs: number;
  readonly trialMs: number;
  readonly drainTimeoutMs: number;
  readonly generationsMax: number;
  readonly autoRestartMs: number;
}

/** A timer of the core. Arming one replaces the armed timer that is equal to it. */
export type Timer =
  | { readonly kind: "interval" | "start" | "drain"; readonly generation: number }
  | { readonly kind: "retry" | "turn" | "window" | "steady"; readonly slot: number }
  | { readonly kind: "hurry" | "auto-restart" };

export type StopSignal = "TERM" | "INT" | "QUIT";

export type Event =
  & { readonly nowMs: number }
  & (
    | { readonly type: "start"; readonly orphans?: readonly Worker[] }
    | { readonly type: "spawned"; readonly generation: number; readonly pid: number }
    /** No process could be started. */
    | {
      readonly type: "refused";
      readonly generation: number;
      readonly reason: string;
      /** As a shell's: 127 for a program that does not exist, else 126. */
      readonly exitCode: number;
    }
    | { readonly type: "ready"; readonly generation: number; readonly pausable?: boolean }
    /** `status` as waitpid(2) gives it; null for an orphan, as only its parent can wait for it. */
    | { readonly type: "died"; readonly generation: number; readonly status: number | null }
    | { readonly type: "timer"; readonly timer: Timer }
    | { readonly type: "hup" }
    /** The worker asks to be replaced; `reason` is logged. */
    | { readonly type: "replace"; readonly generation: number; readonly reason: string }
    /** `redistributes`: the slots' sockets depend on the number of slots. */
    | { readonly type: "resize"; readonly slotCount: number; readonly redistributes: boolean }
    /** Connections wait and no worker serves: start one now. */
    | { readonly type: "revive" }
    | { readonly type: "reopen" }
    | { readonly type: "pause" | "resume" }
    /** A stop is near: workers go on serving, and keep no connection after its next response. */
    | { readonly type: "leave" }
    | { readonly type: "stop"; readonly signal: StopSignal }
    | { readonly type: "stop-at-once" }
  );

/** Facts that are logged; `report.ts` has their texts. */
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
  | { readonly event: "replacing"; readonly pid: number; readonly reason: string }
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
  /** Starts the probes of `--ready-http` and `--ready-exec`; they run until `ready` or the death. */
  | { readonly type: "probe"; readonly generation: number; readonly pid: number }
  | { readonly type: "arm"; readonly timer: Timer; readonly delayMs: number }
  | { readonly type: "disarm"; readonly timer: Timer }
  | { readonly type: "log"; readonly entry: LogEvent }
  /** Rewrite the status file. */
  | { readonly type: "status" }
  /** Notify the service manager that started us (sd_notify(3)). */
  | { readonly type: "notify"; readonly what: "ready" | "reloading" | "stopping" }
  | { readonly type: "exit"; readonly code: number };

/** The state before the first start. */
export function initialState(slotCount: number): State {
  return {
    phase: "running",
    generation: 0,
    slots: Array.from({ length: slotCount }, emptySlot),
    surplus: [],
    restart: null,
    restartWaiting: false,
    autoRestartDue: false,
    nextStartMs: 0,
    isPaused: false,
    isLeaving: false,
    isReviving: false,
    stopRequests: 0,
    isHurrying: false,
    lastFailure: null,
    anyServed: false,
    hasServed: false,
    restartCount: 0,
    exitCode: 0,
  };
}

export function emptySlot(): Slot {
  return {
    current: null,
    candidate: null,
    previous: null,
    draining: [],
    failures: 0,
    crashes: 0,
    retryPending: false,
    turnPending: false,
    blocked: false,
  };
}

/** A copy that shares nothing mutable with `state`. */
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
    surplus: state.surplus.map((worker) => ({ ...worker })),
    restart: state.restart === null ? null : { ...state.restart },
  };
}

/** Identifies a timer in maps and sets: equal timers have equal keys. */
export function timerKey(timer: Timer): string {
  if ("generation" in timer) return `${timer.kind} of generation ${timer.generation}`;
  return "slot" in timer ? `${timer.kind} of slot ${timer.slot}` : timer.kind;
}

/** Live workers of a slot, oldest start first. */
export function workersOf(slot: Slot): Worker[] {
  const all = [slot.current, slot.candidate, slot.previous, ...slot.draining];
  return all.filter((worker) => worker !== null).sort((a, b) => a.generation - b.generation);
}

/** Every live worker. */
export function allWorkers(state: State): Worker[] {
  return [...state.slots.flatMap(workersOf), ...state.surplus];
}

/** At least one worker is ready and has not been signalled to end. */
export function isServing({ slots, surplus }: State): boolean {
  return surplus.length > 0 ||
    slots.some(({ current, previous }) => current !== null || previous !== null);
}

/** Why no requests should be sent to the workers now, in a few words; null: somebody serves. */
export function unreadiness(state: State): string | null {
  if (state.phase !== "running") return "stopping";
  if (state.isLeaving) return "about to stop";
  if (isServing(state)) return null;
  return state.anyServed ? "no worker serves" : "starting";
}
