/**
 * Signals to all workers at once: reopen the logs, accept no connections, accept again, a stop is
 * near.
 */
import { allWorkers } from "./state.ts";
import type { Transition } from "./transition.ts";

/** USR1. A worker that is not ready yet gets it later: before that the signal would end it. */
export function onReopen(transition: Transition): void {
  const { state } = transition;
  const starting = new Set(state.slots.map(({ candidate }) => candidate));
  for (const worker of allWorkers(state)) {
    if (starting.has(worker)) worker.owesReopening = true;
    else transition.signal(worker, "USR1");
  }
}

/** A worker that becomes ready while the others are paused is paused, too. */
export function onPause(transition: Transition, isPaused: boolean): void {
  const { state, actions } = transition;
  if (state.isPaused === isPaused) return;
  state.isPaused = isPaused;
  const type = isPaused ? "pause" : "resume";
  const serving = state.slots.flatMap(({ current, previous }) => [current, previous]);
  for (const worker of [...serving, ...state.surplus]) {
    if (worker?.pausable) actions.push({ type, pid: worker.pid });
  }
}

/** A worker that is still starting gets the signal once it is ready. */
export function onLeave(transition: Transition): void {
  const { state, settings } = transition;
  if (state.isLeaving || state.phase !== "running") return;
  state.isLeaving = true;
  if (settings.signalOnLeave === null) return;
  const serving = state.slots.flatMap(({ current, previous }) => [current, previous]);
  for (const worker of [...serving, ...state.surplus]) {
    if (worker !== null) transition.signal(worker, settings.signalOnLeave);
  }
}
