/** TERM and INT: the first one starts a graceful stop, a second one stops at once. */
import { addSignalListener, swallowSignal } from "./signals.ts";

/**
 * Ctrl-C sends INT to every process of a terminal's group, and a supervisor in that group also sends
 * TERM to its children. Both within this time count as one signal.
 */
const togetherMs = 250;

export interface StopListener {
  /** TERM with a shutdown delay: goes on accepting, and lets its clients go. */
  onLeaving(delayMs: number): void;
  onFirst(name: string): void;
  /** Called for a second signal, and for QUIT. */
  onAtOnce(name: string): void;
}

/**
 * Listens for TERM, INT and QUIT. `hasSupervisor`: the parent forwards its own signals to this
 * process. `shutdownDelayMs`: the time from TERM to `onFirst`; another TERM or an INT cuts it short.
 * A supervisor has waited already before it signals.
 */
export function listenForStop(
  hasSupervisor: boolean,
  shutdownDelayMs: number,
  listener: StopListener,
): void {
  const stop = new Stop(hasSupervisor, hasSupervisor ? 0 : shutdownDelayMs, listener);
  for (const name of ["TERM", "INT"]) addSignalListener(name, () => stop.onSignal(name));
  addSignalListener("QUIT", () => stop.onQuit());
  // Means a new program to a supervisor; sent to a whole group it must not end a server.
  swallowSignal("USR2");
}

class Stop {
  #firstMs = NaN;
  /** The timer of the shutdown delay; null: it is not running. */
  #leaving: number | null = null;

  constructor(
    readonly hasSupervisor: boolean,
    readonly delayMs: number,
    readonly listener: StopListener,
  ) {}

  onSignal(name: string): void {
    const nowMs = performance.now();
    if (Number.isNaN(this.#firstMs)) {
      this.#firstMs = nowMs;
      if (name === "TERM" && this.delayMs > 0) this.#leave(name);
      else this.listener.onFirst(name);
    } else if (this.#leaving !== null) {
      this.#firstMs = nowMs;
      this.#endDelay();
      this.listener.onFirst(`${name} again`);
    } else if (!this.hasSupervisor || nowMs - this.#firstMs > togetherMs) {
      this.listener.onAtOnce(`${name} again`);
    }
  }

  onQuit(): void {
    this.#endDelay();
    this.listener.onAtOnce("QUIT");
  }

  #leave(name: string): void {
    this.#leaving = setTimeout(() => {
      this.#leaving = null;
      this.listener.onFirst(name);
    }, this.delayMs);
    this.listener.onLeaving(this.delayMs);
  }

  #endDelay(): void {
    if (this.#leaving !== null) clearTimeout(this.#leaving);
    this.#leaving = null;
  }
}

/** `received TERM, serving for 5 s more`. */
export function leavingText(delayMs: number): string {
  return `received TERM, accepting for ${delayMs / 1000} s more before the graceful shutdown`;
}

/** `received INT again, ending at once: 2 requests are cut`. */
export function atOnceText(name: string, cutCount: number): string {
  const what = cutCount === 1 ? "1 request is cut" : `${cutCount} requests are cut`;
  return `received ${name}, ending at once${cutCount === 0 ? "" : `: ${what}`}`;
}
