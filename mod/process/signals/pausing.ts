/**
 * What a parent asks of a server besides its end: to stop accepting, as during the trial of a new
 * generation, to accept again, and to let its clients go because a stop is near.
 *
 * VTALRM means "stop accepting", CONT "accept again", URG "a stop is near". Nobody else sends the first;
 * USR2 is what operators of nginx and Unicorn send to replace a program.
 */
import { addSignalListener } from "./signals.ts";

/** A server that can pause and resume accepting. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** A server that can tell its clients that it will stop. */
export interface Leaving {
  /** Goes on accepting; each connection is closed after its next response. */
  leave(): void;
}

/** Field for `notifyReady`. The signals are sent only to processes that have sent it. */
export const pausableField = "X_HAYATE_PAUSABLE=1";

/** The signals by meaning. */
export const pauseSignals = { pause: "VTALRM", resume: "CONT" } as const;

/** Ignored by default (signal(7)), so it harms no process that is not ready for it yet. */
export const leaveSignal = "URG";

/** Handles the two signals from now on. Returns the field for `notifyReady`. */
export function listenForPause(target: Pausable): string {
  let isPaused = false;
  addSignalListener(pauseSignals.pause, () => {
    if (isPaused) return;
    isPaused = true;
    target.pause();
  });
  addSignalListener(pauseSignals.resume, () => {
    if (!isPaused) return;
    isPaused = false;
    target.resume();
  });
  return pausableField;
}

/** Handles the parent's word that a stop is near. */
export function listenForLeave(target: Leaving): void {
  addSignalListener(leaveSignal, () => target.leave());
}
