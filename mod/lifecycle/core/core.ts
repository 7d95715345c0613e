/**
 * The core of the workers' lifecycle: a pure function of (settings, state, event) to (state, actions).
 *
 * Invariant, checked by its tests over every interleaving: once a generation has served, no action
 * ends the last serving worker until a stop signal arrives.
 */
import { attempt, onRevive, onSpawned, onTurn } from "./attempts.ts";
import { onLeave, onPause, onReopen } from "./broadcasts.ts";
import { onCurrentDied, onOldDied } from "./deaths.ts";
import { onCandidateDied, onReady, onRefused, onStartTimeout } from "./outcomes.ts";
import { onResize } from "./resize.ts";
import { begin, onAutoRestartTimer, onHup, onReplace, onWindowOver } from "./restarts.ts";
import { killAll, onDiedWhileStopping, onDrainTimeout, onStop, onStopAtOnce } from "./shutdown.ts";
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
    case "replace":
      return onReplace(transition, event.generation, event.reason);
    case "resize":
      return onResize(transition, event.slotCount, event.redistributes);
    case "revive":
      return onRevive(transition);
    case "reopen":
      return onReopen(transition);
    case "pause":
    case "resume":
      return onPause(transition, event.type === "pause");
    case "leave":
      return onLeave(transition);
    case "stop":
      return onStop(transition, event.signal);
    case "stop-at-once":
      return onStopAtOnce(transition);
  }
}

/** The first start; with orphans of a dead supervisor it is a restart that replaces them. */
function start(transition: Transition, orphans: readonly Worker[]): void {
  const { state, settings } = transition;
  if (state.phase !== "running") return;
  if (orphans.length === 0) {
    const count = settings.firstStart === "one" ? 1 : state.slots.length;
    for (let index = 0; index < count; index++) attempt(transition, index);
    return;
  }
  transition.log({ event: "takeover", pids: pidsOf(orphans) });
  state.generation = Math.max(...orphans.map(({ generation }) => generation));
  state.anyServed = state.hasServed = true;
  const newestFirst = orphans.map((orphan) => ({ ...orphan }))
    .sort((a, b) => b.generation - a.generation);
  for (const [index, orphan] of newestFirst.entries()) {
    if (index < state.slots.length) state.slots[index].current = orphan;
    else transition.retire(state.slots[0], orphan, settings.signalOnHup);
  }
  begin(transition, { takeover: true });
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
  // A slot may have been removed while the event waited.
  if (phase !== "running" || ("slot" in timer && timer.slot >= slots.length)) return;
  switch (timer.kind) {
    case "interval":
      return onReady(transition, timer.generation, false);
    case "start":
      return onStartTimeout(transition, timer.generation);
    case "retry":
      if (slots[timer.slot].retryPending) attempt(transition, timer.slot);
      return;
    case "turn":
      return onTurn(transition, timer.slot);
    case "window":
      return onWindowOver(transition, timer.slot);
    case "steady":
      slots[timer.slot].crashes = 0;
      return;
    case "auto-restart":
      return onAutoRestartTimer(transition);
  }
}
