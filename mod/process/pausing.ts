/**
 * Stepping aside: while a supervisor tries a new generation, the old one accepts no connections but
 * stays able to. USR2 says "accept no more", CONT "accept again".
 */
import { addSignalListener } from "./signals.ts";

/** What can step aside and come back. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** To be told with `notifyReady`: only who has said so is sent the signals. */
export const pausableField = "X_HAYATE_PAUSABLE=1";

/** Signals by their meaning. */
export const pauseSignals = { pause: "USR2", resume: "CONT" } as const;

/** Obeys the two signals from now on. Returns the field for `notifyReady`. */
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
