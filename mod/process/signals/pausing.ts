/**
 * Pausing: during the trial of a new generation, the old one accepts no connections but can resume.
 * USR2 means "stop accepting", CONT "accept again".
 */
import { addSignalListener } from "./signals.ts";

/** A server that can pause and resume accepting. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Field for `notifyReady`. The signals are sent only to processes that have sent it. */
export const pausableField = "X_HAYATE_PAUSABLE=1";

/** The signals by meaning. */
export const pauseSignals = { pause: "USR2", resume: "CONT" } as const;

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
