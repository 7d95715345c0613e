/**
 * The core of the workers' lifecycle: a pure function of (settings, state, event) to (state, actions).
 *
 * Invariant, checked by its tests over every interleaving: once a generation has served, no action
 * ends the last serving worker until a stop signal arrives.
 */
import { attempt, onSpawned } from "./attempts.ts";
import { onCurrentDied, onOldDied } from "./deaths.ts";
import { onCandidateDied, onReady, onRefused, onStartTimeout } from "./outcomes.ts";
import { begin, onAutoRestartTimer, onHup, onWindowOver } from "./restarts.ts";
import { killAll, onDiedWhileStopping, onDrainTimeout, onStop } from "./shutdown.ts";
import type { Action, Event, Settings, State, Timer, Worker } from "./state.ts";
import { pidsOf, Transition } from "./transition.ts";

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** One step. Does not mutate `state`; uses no clock, process or file. */
export function step(settings: Settings, state: State, event: Event): Step {
  const transition = new Transition(settings, state, event.nowMs);
  dispatch(transition, event);
  return { state: transition.state, actions: transition.actions };
}

function dispatch(transition: Transition, event: Event): void {
  switch (event.type) {
    case "start":
      return start(transition, event.orphans ?? []);
    case "spawned":
      return onSpawned(transition, event.generation, event.pid);
    case "refused":
      return onRefused(transition, event.generation, event.reason, event.exitCode);
    case "ready":
      return onReady(transition, event.generation, event.pausable ?? false);
    case "died":
      return onDied(transition, event.generation, event.status);
    case "timer":
      return onTimer(transition, event.timer);
    case "hup":
      return onHup(transition);
    case "stop":
      return onStop(transition, event.signal);
  }
}

/** The first start; with orphans of a dead supervisor it is a restart that replaces them. */
function start(transition: Transition, orphans: readonly Worker[]): void {
  const { state } = transition;
  if (orphans.length === 0) {
    for (const index of state.slots.keys()) attempt(transition, index);
    return;
  }
  transition.log({ event: "takeover", pids: pidsOf(orphans) });
  state.generation = Math.max(...orphans.map(({ generation }) => generation));
  state.hasServed = true;
  const newestFirst = orphans.map((orphan) => ({ ...orphan }))
    .sort((a, b) => b.generation - a.generation);
  for (const [index, orphan] of newestFirst.entries()) {
    if (index < state.slots.length) state.slots[index].current = orphan;
    else transition.retire(state.slots[0], orphan, transition.settings.signalOnHup);
  }
  begin(transition, true);
  for (const [index, slot] of state.slots.entries()) {
    if (slot.current === null && slot.candidate === null) attempt(transition, index);
  }
}

function onDied(transition: Transition, generation: number, status: number | null): void {
  const found = transition.find(generation);
  if (found === null) return;
  const { slot, index, worker } = found;
  if (transition.state.phase !== "running") onDiedWhileStopping(transition, worker, status);
  else if (slot.candidate === worker) onCandidateDied(transition, index, worker, status);
  else if (slot.current === worker) onCurrentDied(transition, index, worker, status);
  else onOldDied(transition, index, worker, status);
}

function onTimer(transition: Transition, timer: Timer): void {
  if (timer.kind === "drain") return onDrainTimeout(transition, timer.generation);
  if (timer.kind === "hurry") return killAll(transition);
  const { phase, slots } = transition.state;
  if (phase !== "running") return;
  switch (timer.kind) {
    case "interval":
      return onReady(transition, timer.generation, false);
    case "start":
      return onStartTimeout(transition, timer.generation);
    case "retry":
      if (slots[timer.slot].retryPending) attempt(transition, timer.slot);
      return;
    case "window":
      return onWindowOver(transition, timer.slot);
    case "steady":
      slots[timer.slot].crashes = 0;
      return;
    case "auto-restart":
      return onAutoRestartTimer(transition);
  }
}
