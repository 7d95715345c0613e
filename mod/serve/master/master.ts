/**
 * Keeps the workers: starts, watches, replaces and ends them. Touches no process by itself; all of
 * that goes through `MasterSystem`, so that tests can play it.
 */

/** A worker process as the master sees it. */
export interface WorkerProcess {
  readonly pid: number;
  readonly slot: number;
  readonly startedMs: number;
  /** It accepts. */
  isReady: boolean;
  /** It was told to end. */
  isEnding: boolean;
}

/** What a master sends: USR2 and CONT make workers step aside and come back. */
export type MasterSignal = "TERM" | "QUIT" | "KILL" | "USR1" | "USR2" | "CONT";

/** What the master needs of the world. */
export interface MasterSystem {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Starts a worker for `slot` of `slotCount`; null (and a log line of its own) when it cannot. */
  start(slot: number, slotCount: number): WorkerProcess | null;
  /** TERM: finish what runs. QUIT: end at once. KILL. */
  signal(worker: WorkerProcess, name: MasterSignal): void;
  setTimer(delayMs: number, callback: () => void): void;
  info(message: string): void;
  warn(message: string): void;
  /** Every worker has its own socket, so that slots without a worker leave connections waiting. */
  readonly socketPerSlot: boolean;
  /** Sockets so far; they are never closed while the master lives. */
  readonly socketCount: number;
}

export interface MasterSettings {
  readonly workers: number;
  readonly spawnIntervalMs: number;
  readonly errorRespawnIntervalMs: number;
  readonly gracefulTimeoutMs: number;
}

/** A worker that lives shorter is not replaced at once, or a crash at start would spin. */
const soonMs = 1000;
const respawnIntervalMsMax = 30_000;
/** More than the graceful timeout of a worker itself, which is to end first. */
const killMarginMs = 1000;
const workersMax = 1024;

interface Slot {
  index: number;
  current: WorkerProcess | null;
  /** Started, not ready yet; replaces `current` when it is. */
  incoming: WorkerProcess | null;
  /** Starts in a row that came to nothing. */
  failures: number;
  /** A start waits for its time. */
  isWaiting: boolean;
}

export class Master {
  readonly #system: MasterSystem;
  readonly #settings: MasterSettings;
  readonly #onEnd: (exitCode: number) => void;
  readonly #slots: Slot[] = [];
  /** Slots that TTOU has taken away; their workers end when the others have their sockets. */
  #doomed: Slot[] = [];
  readonly #workers = new Set<WorkerProcess>();
  #nextStartMs = 0;
  #anyReady = false;
  #isStopping = false;
  #isEnded = false;
  #exitCode = 0;
  /** Slots that a reload has yet to replace; null: no reload runs. */
  #reloading: Slot[] | null = null;
  #reloadAgain = false;
  /**
   * While sockets are dealt out anew: the old workers, which go on until every socket has its new
   * one. Else null.
   */
  #held: WorkerProcess[] | null = null;

  /** `onEnd` is told once, when no worker is left and none is wanted. */
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

  get slotCount(): number {
    return this.#slots.length;
  }

  /** The first worker goes ahead: an app that does not load says so once. */
  start(): void {
    for (let index = 0; index < this.#settings.workers; index++) this.#addSlot();
    this.#startIn(this.#slots[0]);
  }

  /** The worker accepts. */
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
    if (current !== null && this.#held !== null) this.#held.push(current);
    else if (current !== null) this.#finish(current);
    if (this.#reloading !== null) this.#reloadNext(slot);
  }

  /** The worker has had its share of requests, or too much memory: another one takes over. */
  onRetire(worker: WorkerProcess, why: string): void {
    const slot = this.#slotOf(worker);
    if (worker.isEnding || slot === null || slot.current !== worker || slot.incoming !== null) {
      return;
    }
    this.#system.info(`worker ${worker.pid} is replaced: ${why}`);
    this.#startIn(slot);
  }

  /** The process is gone. `how`: `exit code 1`, `signal KILL`. */
  onExit(worker: WorkerProcess, exitCode: number, how: string): void {
    this.#workers.delete(worker);
    const slot = this.#slotOf(worker);
    if (this.#isStopping || slot === null) return this.#endWhenEmpty();
    if (slot.incoming === worker) this.#onFailedStart(slot, worker, exitCode, how);
    else if (slot.current === worker) this.#onDeath(slot, worker, how);
    this.#endWhenEmpty();
  }

  /** TERM: everything that runs is finished. */
  drain(): void {
    this.#stop("TERM", this.#settings.gracefulTimeoutMs + killMarginMs);
  }

  /** QUIT: at once. */
  stop(): void {
    this.#stop("QUIT", killMarginMs);
  }

  /** HUP: every worker is replaced by one that has loaded the app afresh, one after the other. */
  reload(): void {
    if (this.#isStopping) return;
    if (this.#reloading !== null) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = [...this.#slots];
    this.#reloadNext(null);
  }

  /** TTIN. */
  more(): void {
    if (this.#isStopping || this.#slots.length >= workersMax) return;
    const spareSockets = this.#system.socketCount > this.#slots.length;
    this.#startIn(this.#addSlot());
    this.#system.info(`${this.#slots.length} workers`);
    // Sockets that others had to look after are dealt out again.
    if (this.#system.socketPerSlot && spareSockets) this.#redistribute();
  }

  /** TTOU. */
  fewer(): void {
    if (this.#isStopping || this.#slots.length <= 1) return;
    const slot = this.#slots.pop() as Slot;
    this.#doomed.push(slot);
    this.#system.info(`${this.#slots.length} workers`);
    if (this.#system.socketPerSlot) this.#redistribute();
    else this.#finishDoomed();
  }

  #redistribute(): void {
    this.#held ??= [];
    this.reload();
  }

  /** Kills a worker that hangs; its slot gets a new one. */
  kill(worker: WorkerProcess, why: string): void {
    this.#system.warn(`worker ${worker.pid} is killed: ${why}`);
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
    return this.#slots.find(owns) ?? this.#doomed.find(owns) ?? null;
  }

  /** Starts a worker in the slot, at once or when the spawn interval allows it. */
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
      this.#startNow(slot);
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
    // The very first worker shows whether the app can run at all; it has said itself why not.
    if (!this.#anyReady) {
      this.#exitCode = exitCode === 0 ? 1 : exitCode;
      return this.stop();
    }
    this.#system.warn(`worker ${worker.pid} failed to start (${how})`);
    slot.failures++;
    if (this.#reloading !== null && slot.current !== null && this.#held === null) {
      this.#reloading = null;
      return this.#system.warn("the reload is given up, the old workers stay");
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

  /** Replaces the next slot, new ones first; `done` is the one that has just become ready. */
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
    this.#finishDoomed();
  }

  #finishDoomed(): void {
    for (const { current, incoming } of this.#doomed) {
      if (current !== null) this.#finish(current);
      if (incoming !== null) this.#finish(incoming);
    }
    this.#doomed = [];
  }

  /** Lets a worker end in its own time. */
  #finish(worker: WorkerProcess): void {
    this.#tellToEnd(worker, "TERM", this.#settings.gracefulTimeoutMs + killMarginMs);
  }

  #tellToEnd(worker: WorkerProcess, name: "TERM" | "QUIT", limitMs: number): void {
    worker.isEnding = true;
    this.#system.signal(worker, name);
    this.#system.setTimer(limitMs, () => {
      if (this.#workers.has(worker)) this.kill(worker, `it did not end within ${limitMs} ms`);
    });
  }

  #stop(name: "TERM" | "QUIT", limitMs: number): void {
    this.#isStopping = true;
    for (const worker of this.#workers) this.#tellToEnd(worker, name, limitMs);
    this.#endWhenEmpty();
  }

  #endWhenEmpty(): void {
    if (!this.#isStopping || this.#workers.size > 0 || this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd(this.#exitCode);
  }
}
