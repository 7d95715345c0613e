/**
 * The supervisor's core: a pure function of (settings, state, event) to (state, actions).
 *
 * Invariant, checked over every interleaving by its tests: once a generation has served, no action
 * of ours ends the last worker that serves until a stop signal comes.
 */
import {
  attempt,
  onCandidateDied,
  onCurrentDied,
  onReady,
  onRefused,
  onSpawned,
  onStartTimeout,
} from "./attempts.ts";
import { begin, onAutoRestartTimer, onHup, onOldDied, onWindowOver } from "./restarts.ts";
import { killAll, onDiedWhileStopping, onDrainTimeout, onStop } from "./shutdown.ts";
import type { Action, Event, Settings, State, Worker } from "./state.ts";
import { pidsOf, Transition } from "./transition.ts";

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** One step. Neither changes `state` nor knows a clock, a process or a file. */
export function step(settings: Settings, state: State, event: Event): Step {
  const t = new Transition(settings, state, event.nowMs);
  dispatch(t, event);
  return { state: t.state, actions: t.actions };
}

function dispatch(t: Transition, event: Event): void {
  switch (event.type) {
    case "start":
      return start(t, event.orphans ?? []);
    case "spawned":
      return onSpawned(t, event.generation, event.pid);
    case "refused":
      return onRefused(t, event.generation, event.reason, event.exitCode);
    case "ready":
      return onReady(t, event.generation, event.pausable ?? false);
    case "died":
      return onDied(t, event.generation, event.status);
    case "timer":
      return onTimer(t, event.name);
    case "hup":
      return onHup(t);
    case "stop":
      return onStop(t, event.signal);
  }
}

/** The first start; with orphans of a dead supervisor it is a restart that replaces them. */
function start(t: Transition, orphans: readonly Worker[]): void {
  if (orphans.length === 0) {
    for (const index of t.state.slots.keys()) attempt(t, index);
    return;
  }
  t.log({ event: "takeover", pids: pidsOf(orphans) });
  t.state.generation = Math.max(...orphans.map(({ generation }) => generation));
  t.state.hasServed = true;
  const newestFirst = orphans.map((orphan) => ({ ...orphan }))
    .sort((a, b) => b.generation - a.generation);
  for (const [index, orphan] of newestFirst.entries()) {
    if (index < t.state.slots.length) t.state.slots[index].current = orphan;
    else t.tellToEnd(t.state.slots[0], orphan, t.settings.signalOnHup);
  }
  begin(t, true);
  for (const [index, slot] of t.state.slots.entries()) {
    if (slot.current === null && slot.candidate === null) attempt(t, index);
  }
}

function onDied(t: Transition, generation: number, status: number | null): void {
  const found = t.find(generation);
  if (found === null) return;
  const { slot, index, worker } = found;
  if (t.state.phase !== "running") onDiedWhileStopping(t, worker, status);
  else if (slot.candidate === worker) onCandidateDied(t, index, worker, status);
  else if (slot.current === worker) onCurrentDied(t, index, worker, status);
  else onOldDied(t, index, worker, status);
}

function onTimer(t: Transition, name: string): void {
  const [kind, number] = name.split(":") as [string, string | undefined];
  const target = Number(number);
  if (kind === "drain") return onDrainTimeout(t, target);
  if (kind === "hurry") return killAll(t);
  if (t.state.phase !== "running") return;
  switch (kind) {
    case "interval":
      return onReady(t, target, false);
    case "start":
      return onStartTimeout(t, target);
    case "retry":
      if (t.state.slots[target].retryPending) attempt(t, target);
      return;
    case "window":
      return onWindowOver(t, target);
    case "steady":
      t.state.slots[target].crashes = 0;
      return;
    case "auto-restart":
      return onAutoRestartTimer(t);
    default:
      throw new RangeError(`Cannot handle the timer "${name}": it is unknown`);
  }
}
