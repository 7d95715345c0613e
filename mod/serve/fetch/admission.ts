/** `--max-concurrency`: how many requests an app works on at once, and which of the others wait. */
import type { Call } from "./call.ts";

export interface AdmissionLimits {
  /** Requests at once. */
  readonly placesMax: number;
  /** Requests that wait for a place; further ones are refused. */
  readonly waitingMax: number;
}

/** The event loop: calls that wait start in a turn of their own. */
export interface AdmissionHost {
  beginAsync(): void;
  endAsync(): void;
}

/** A place is taken until the response has ended, or its WebSocket, or the client has left. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #host: AdmissionHost;
  readonly #run: (call: Call) => void;
  /** In the order of their arrival. */
  readonly #waiting = new Set<Call>();
  #takenCount = 0;
  #isStarting = false;
  /** Requests refused so far. */
  refusedCount = 0;

  /** `run` starts a call. */
  constructor(limits: AdmissionLimits, host: AdmissionHost, run: (call: Call) => void) {
    this.#limits = limits;
    this.#host = host;
    this.#run = run;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** A new request must be refused. */
  get isFull(): boolean {
    return this.#takenCount + this.#waiting.size >=
      this.#limits.placesMax + this.#limits.waitingMax;
  }

  /** Runs the call, now or when a place is free. */
  admit(call: Call): void {
    if (this.#takenCount < this.#limits.placesMax && this.#waiting.size === 0) {
      return this.#start(call);
    }
    this.#waiting.add(call);
    this.#host.beginAsync();
    // A client that leaves gives up its place in the queue.
    call.place = () => this.#forget(call);
  }

  #start(call: Call): void {
    this.#takenCount++;
    call.place = () => this.#free();
    this.#run(call);
  }

  #free(): void {
    this.#takenCount--;
    if (this.#waiting.size === 0 || this.#isStarting) return;
    this.#isStarting = true;
    // Not from here: the end of a response may lie deep in the connection's own work.
    queueMicrotask(() => this.#startWaiting());
  }

  #startWaiting(): void {
    this.#isStarting = false;
    for (const call of this.#waiting) {
      if (this.#takenCount >= this.#limits.placesMax) return;
      this.#forget(call);
      this.#start(call);
    }
  }

  #forget(call: Call): void {
    if (this.#waiting.delete(call)) this.#host.endAsync();
  }
}
