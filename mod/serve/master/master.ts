/**
 * Manages the workers: starts, replaces and stops them. Processes, timers and logs are reached only
 * through `MasterSystem`, so that tests can simulate them.
 */

/** A worker process as the master sees it. */
export interface WorkerProcess {
  readonly pid: number;
  readonly slot: number;
  readonly startedMs: number;
  /** It accepts connections. */
  isReady: boolean;
  /** It has been sent TERM or QUIT. */
  isEnding: boolean;
}

/** Signals that a master sends. USR2 pauses workers, CONT resumes them. */
export type MasterSignal = "TERM" | "QUIT" | "KILL" | "USR1" | "USR2" | "CONT";

/** The outside world, as the master uses it. */
export interface MasterSystem {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Starts a worker for `slot` of `slotCount`; null when it cannot, which it logs itself. */
  start(slot: number, slotCount: number): WorkerProcess | null;
  /** TERM: graceful stop. QUIT: stop at once. KILL: kill. */
  signal(worker: WorkerProcess, name: MasterSignal): void;
  setTimer(delayMs: number, callback: () => void): void;
  info(message: string): void;
  warn(message: string): void;
  /** Each worker has its own socket, so connections wait at a slot without a worker. */
  readonly socketPerSlot: boolean;
  /** Number of sockets per address so far; none is closed while the master runs. */
  readonly socketCount: number;
}

export interface MasterSettings {
  readonly workers: number;
  readonly spawnIntervalMs: number;
  readonly errorRespawnIntervalMs: number;
  readonly gracefulTimeoutMs: number;
}

/** A worker that ran for less is replaced after a delay, or a crash at start would loop. */
const soonMs = 1000;
const respawnIntervalMsMax = 30_000;
/** Added to the worker's own graceful timeout, so that the worker exits first. */
const killMarginMs = 1000;
const workersMax = 1024;

interface Slot {
  index: number;
  current: WorkerProcess | null;
  /** Started but not ready yet; then it replaces `current`. */
  incoming: WorkerProcess | null;
  /** Number of failed starts in a row. */
  failures: number;
  /** A delayed start is pending. */
  isWaiting: boolean;
}

export class Master {
  readonly #system: MasterSystem;
  readonly #settings: MasterSettings;
  readonly #onEnd: (exitCode: number) => void;
  readonly #slots: Slot[] = [];
  /** Slots removed by TTOU; their workers stop when other workers have their sockets. */
  #removed: Slot[] = [];
  readonly #workers = new Set<WorkerProcess>();
  #nextStartMs = 0;
  #anyReady = false;
  #isStopping = false;
  #isEnded = false;
  #exitCode = 0;
  /** Slots that the current reload has yet to replace; null: no reload. */
  #reloading: Slot[] | null = null;
  #reloadAgain = false;
  /**
   * While sockets are redistributed: the old workers, which keep serving until every socket has a
   * new worker. Else null.
   */
  #held: WorkerProcess[] | null = null;
  /** Waits for a worker, or for the failure of one; null: nothing does. */
  #onRevived: (() => void) | null = null;

  /** `onEnd` is called once, when the master is stopping and the last worker has exited. */
  constructor(
    system: MasterSystem,
    settings: MasterSettings,
    onEnd: (exitCode: number) => void,
  ) {
    this.#system = system;
    this.#settings = settings;
    this.#onEnd = onEnd;
  }

  get workers(): ReadonlySet<WorkerProcess> {
    return this.#workers;
  }

  /** True while at least one worker accepts and is not stopping. */
  get isServing(): boolean {
    return [...this.#workers].some(({ isReady, isEnding }) => isReady && !isEnding);
  }

  get slotCount(): number {
    return this.#slots.length;
  }

  /** Starts one worker first, so that an app that cannot be loaded reports it once. */
  start(): void {
    for (let index = 0; index < this.#settings.workers; index++) this.#addSlot();
    this.#startIn(this.#slots[0]);
  }

  /** The worker accepts connections. */
  onReady(worker: WorkerProcess): void {
    worker.isReady = true;
    if (!this.#anyReady) {
      this.#anyReady = true;
      for (const other of [...this.#slots]) if (other.current === null) this.#startIn(other);
    }
    const slot = this.#slotOf(worker);
    if (slot === null || slot.incoming !== worker) return this.#finish(worker);
    const { current } = slot;
    slot.incoming = null;
    slot.current = worker;
    slot.failures = 0;
    if (this.#onRevived !== null) return this.#revived();
    if (current !== null && this.#held !== null) this.#held.push(current);
    else if (current !== null) this.#finish(current);
    if (this.#reloading !== null) this.#reloadNext(slot);
  }

  /** Replaces a worker that has reached its limit of requests or memory. */
  onRetire(worker: WorkerProcess, why: string): void {
    const slot = this.#slotOf(worker);
    if (worker.isEnding || slot === null || slot.current !== worker || slot.incoming !== null) {
      return;
    }
    this.#system.info(`replacing worker ${worker.pid}: ${why}`);
    this.#startIn(slot);
  }

  /** The process has exited. `how`: `exit code 1`, `signal KILL`. */
  onExit(worker: WorkerProcess, exitCode: number, how: string): void {
    this.#workers.delete(worker);
    const slot = this.#slotOf(worker);
    if (this.#isStopping || slot === null) return this.#endWhenEmpty();
    if (slot.incoming === worker) this.#onFailedStart(slot, worker, exitCode, how);
    else if (slot.current === worker) this.#onDeath(slot, worker, how);
    this.#endWhenEmpty();
  }

  /**
   * Before `drain`, when connections wait at the sockets: calls `done` once a worker accepts, which
   * can answer them, or when none can be started.
   */
  revive(done: () => void): void {
    if (this.isServing || !this.#anyReady || this.#isStopping) return done();
    this.#onRevived = done;
    const isStarting = () => this.#slots.some(({ incoming }) => incoming !== null);
    if (!isStarting()) this.#startNow(this.#slots[0]);
    if (!isStarting()) this.#revived();
  }

  #revived(): void {
    const done = this.#onRevived;
    this.#onRevived = null;
    if (!this.#isStopping) done?.();
  }

  /** TERM: graceful stop. */
  drain(): void {
    this.#stop("TERM", this.#settings.gracefulTimeoutMs + killMarginMs);
  }

  /** QUIT: stops at once. */
  stop(): void {
    this.#stop("QUIT", killMarginMs);
  }

  /** HUP: replaces the workers one by one with new ones, which load the app again. */
  reload(): void {
    if (this.#isStopping) return;
    if (this.#reloading !== null) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = [...this.#slots];
    this.#reloadNext(null);
  }

  /** TTIN: adds a worker. */
  more(): void {
    if (this.#isStopping || this.#slots.length >= workersMax) return;
    const spareSockets = this.#system.socketCount > this.#slots.length;
    this.#startIn(this.#addSlot());
    this.#system.info(`${this.#slots.length} workers`);
    // The spare sockets, which other workers served meanwhile, go to their own worker again.
    if (this.#system.socketPerSlot && spareSockets) this.#redistribute();
  }

  /** TTOU: removes a worker. */
  fewer(): void {
    if (this.#isStopping || this.#slots.length <= 1) return;
    const slot = this.#slots.pop() as Slot;
    this.#removed.push(slot);
    this.#system.info(`${this.#slots.length} workers`);
    if (this.#system.socketPerSlot) this.#redistribute();
    else this.#finishRemoved();
  }

  #redistribute(): void {
    this.#held ??= [];
    this.reload();
  }

  /** Kills a worker that hangs; `onExit` then starts a new one. */
  kill(worker: WorkerProcess, why: string): void {
    this.#system.warn(`killing worker ${worker.pid}: ${why}`);
    this.#system.signal(worker, "KILL");
  }

  signalAll(name: "USR1" | "USR2" | "CONT"): void {
    for (const worker of this.#workers) this.#system.signal(worker, name);
  }

  #addSlot(): Slot {
    const index = this.#slots.length;
    const slot: Slot = { index, current: null, incoming: null, failures: 0, isWaiting: false };
    this.#slots.push(slot);
    return slot;
  }

  #slotOf(worker: WorkerProcess): Slot | null {
    const owns = (slot: Slot) => slot.current === worker || slot.incoming === worker;
    return this.#slots.find(owns) ?? this.#removed.find(owns) ?? null;
  }

  /** Starts a worker in the slot, now or when the spawn interval allows it. */
  #startIn(slot: Slot, delayMs = 0): void {
    if (this.#isStopping || slot.isWaiting || slot.incoming !== null) return;
    const nowMs = this.#system.nowMs();
    const dueMs = Math.max(nowMs + delayMs, this.#nextStartMs);
    this.#nextStartMs = Math.max(this.#nextStartMs, nowMs + delayMs) +
      this.#settings.spawnIntervalMs;
    if (dueMs <= nowMs) return this.#startNow(slot);
    slot.isWaiting = true;
    this.#system.setTimer(dueMs - nowMs, () => {
      slot.isWaiting = false;
      if (slot.incoming === null) this.#startNow(slot);
    });
  }

  #startNow(slot: Slot): void {
    if (this.#isStopping || !this.#slots.includes(slot)) return;
    const worker = this.#system.start(slot.index, this.#slots.length);
    if (worker === null) {
      slot.failures++;
      return this.#startIn(slot, this.#backoffMs(slot));
    }
    this.#workers.add(worker);
    slot.incoming = worker;
  }

  #onFailedStart(slot: Slot, worker: WorkerProcess, exitCode: number, how: string): void {
    slot.incoming = null;
    // The first worker shows whether the app can run at all; it has logged the reason itself.
    if (!this.#anyReady) {
      this.#exitCode = exitCode === 0 ? 1 : exitCode;
      return this.stop();
    }
    this.#system.warn(`worker ${worker.pid} failed to start (${how})`);
    slot.failures++;
    if (this.#onRevived !== null) return this.#revived();
    if (this.#reloading !== null && slot.current !== null && this.#held === null) {
      this.#reloading = null;
      return this.#system.warn("reload failed, the old workers keep serving");
    }
    this.#startIn(slot, this.#backoffMs(slot));
  }

  #onDeath(slot: Slot, worker: WorkerProcess, how: string): void {
    slot.current = null;
    if (worker.isEnding) return;
    this.#system.warn(`worker ${worker.pid} died (${how})`);
    const lived = this.#system.nowMs() - worker.startedMs;
    if (lived >= soonMs) return this.#startIn(slot);
    slot.failures++;
    this.#startIn(slot, this.#backoffMs(slot));
  }

  #backoffMs(slot: Slot): number {
    const factor = 2 ** Math.min(slot.failures - 1, 16);
    return Math.min(this.#settings.errorRespawnIntervalMs * factor, respawnIntervalMsMax);
  }

  /** Replaces the next slot, the newest first; `done` is the one whose worker is now ready. */
  #reloadNext(done: Slot | null): void {
    const left = this.#reloading as Slot[];
    this.#reloading = left.filter((slot) => slot !== done && this.#slots.includes(slot));
    const next = this.#reloading.at(-1);
    if (next !== undefined) return this.#startIn(next);
    this.#reloading = null;
    if (this.#reloadAgain) {
      this.#reloadAgain = false;
      return this.reload();
    }
    for (const worker of this.#held ?? []) this.#finish(worker);
    this.#held = null;
    this.#finishRemoved();
  }

  #finishRemoved(): void {
    for (const { current, incoming } of this.#removed) {
      if (current !== null) this.#finish(current);
      if (incoming !== null) this.#finish(incoming);
    }
    this.#removed = [];
  }

  /** Stops a worker gracefully. */
  #finish(worker: WorkerProcess): void {
    this.#terminate(worker, "TERM", this.#settings.gracefulTimeoutMs + killMarginMs);
  }

  #terminate(worker: WorkerProcess, name: "TERM" | "QUIT", limitMs: number): void {
    worker.isEnding = true;
    this.#system.signal(worker, name);
    this.#system.setTimer(limitMs, () => {
      if (this.#workers.has(worker)) this.kill(worker, `it did not exit within ${limitMs} ms`);
    });
  }

  #stop(name: "TERM" | "QUIT", limitMs: number): void {
    this.#isStopping = true;
    for (const worker of this.#workers) this.#terminate(worker, name, limitMs);
    this.#endWhenEmpty();
  }

  #endWhenEmpty(): void {
    if (!this.#isStopping || this.#workers.size > 0 || this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd(this.#exitCode);
  }
}
