/** Replacing workers: HUP, automatic restarts, the window with both workers alive, giving up. */
import { armAutoRestart, attempt, isIdle } from "./attempts.ts";
import { endAll } from "./shutdown.ts";
import { pidsOf, type Transition } from "./transition.ts";

/** HUP, or a reload over the control socket. */
export function onHup(transition: Transition): void {
  if (transition.state.phase !== "running") return;
  if (retryNow(transition)) return;
  if (!canBegin(transition)) {
    if (!transition.state.restartWaiting) transition.log({ event: "hup-waits" });
    transition.state.restartWaiting = true;
    return;
  }
  transition.log({ event: "hup" });
  begin(transition);
}

/** Ends the backoff of slots that wait for their next attempt: a HUP suggests a fix was deployed. */
function retryNow(transition: Transition): boolean {
  const { slots } = transition.state;
  const waiting = [...slots.entries()].filter(([, slot]) => slot.retryPending);
  if (waiting.length === 0) return false;
  transition.log({ event: "hup" });
  for (const [index, slot] of waiting) {
    slot.failures = 0;
    slot.crashes = 0;
    attempt(transition, index);
  }
  // The other slots still run the old program.
  if (slots.length > 1) transition.state.restartWaiting = true;
  return true;
}

function canBegin({ state }: Transition): boolean {
  return state.restart === null && state.slots.every((slot) => slot.candidate === null);
}

/** Begins to replace every worker; a restart in progress begins again. */
export function begin(
  transition: Transition,
  { takeover = false, keepsOld = false }: { takeover?: boolean; keepsOld?: boolean } = {},
): void {
  const { state } = transition;
  state.restartWaiting = false;
  state.autoRestartDue = false;
  state.restart = { firstGeneration: state.generation + 1, slot: 0, takeover, keepsOld };
  if (!takeover) transition.notify("reloading");
  transition.disarm({ kind: "auto-restart" });
  advance(transition);
}

/** Moves on to the next slot with an older worker; ends the restart when there is none. */
function advance(transition: Transition): void {
  const { restart, slots } = transition.state;
  if (restart === null) return;
  // Until the old workers are signalled to end, any slot may fall back to its old one.
  if (restart.keepsOld) restart.slot = 0;
  while (restart.slot < slots.length) {
    const slot = slots[restart.slot];
    const done = slot.current !== null && slot.current.generation >= restart.firstGeneration;
    if (!done) {
      if (isIdle(slot)) attempt(transition, restart.slot);
      return;
    }
    if (slot.previous !== null && !restart.keepsOld) return;
    restart.slot++;
  }
  if (restart.keepsOld) retireOld(transition);
  transition.state.restartCount++;
  end(transition);
}

/** Every slot has a new worker: the old ones may end, those of removed slots, too. */
function retireOld(transition: Transition): void {
  const { state, settings } = transition;
  for (const slot of state.slots) {
    if (slot.previous !== null) transition.retire(slot, slot.previous, settings.signalOnHup);
    slot.previous = null;
  }
  for (const worker of state.surplus) {
    transition.retire(state.slots[0], worker, settings.signalOnHup);
  }
  state.surplus = [];
}

function end(transition: Transition): void {
  transition.state.restart = null;
  transition.notify("ready");
  beginWaiting(transition);
}

/** Begins the restart that had to wait, if there is one and it can begin now. */
function beginWaiting(transition: Transition): void {
  if (!transition.state.restartWaiting || !canBegin(transition)) return;
  transition.log({ event: "hup" });
  begin(transition);
}

/** Continues after a slot has changed: the restart in progress, then the one that waits. */
export function continueRestart(transition: Transition): void {
  advance(transition);
  beginWaiting(transition);
}

/** The slot's new worker is ready: the old one is kept for the window, then signalled to end. */
export function onSlotReady(transition: Transition, index: number): void {
  const { state } = transition;
  const { previous, current } = state.slots[index];
  noteServed(transition);
  if (previous === null || current === null || state.restart?.keepsOld) {
    return continueRestart(transition);
  }
  const { killOldDelayMs, trialMs, signalOnHup } = transition.settings;
  transition.log({ event: "running", signal: signalOnHup, pids: pidsOf([previous]) });
  if (killOldDelayMs > 0) transition.log({ event: "kill-delay", delayMs: killOldDelayMs });
  if (trialMs > 0) {
    transition.log({ event: "trial", pid: current.pid, trialMs });
    if (previous.pausable) transition.actions.push({ type: "pause", pid: previous.pid });
  }
  const windowMs = Math.max(killOldDelayMs, trialMs);
  if (windowMs > 0) transition.arm({ kind: "window", slot: index }, windowMs);
  else onWindowOver(transition, index);
}

/** Notes, once, that every slot has a worker that serves. */
export function noteServed(transition: Transition): void {
  const { state } = transition;
  if (state.hasServed || state.slots.some((slot) => slot.current === null)) return;
  state.hasServed = true;
  transition.notify("ready");
}

/** The new worker has survived the kill delay and its trial. */
export function onWindowOver(transition: Transition, index: number): void {
  const slot = transition.state.slots[index];
  const previous = slot.previous;
  slot.previous = null;
  transition.log({ event: "killing" });
  if (previous !== null) transition.retire(slot, previous, transition.settings.signalOnHup);
  continueRestart(transition);
}

/**
 * Makes no further attempt. A worker that serves continues to; without one the parent ends with
 * `exitCode`.
 */
export function giveUp(
  transition: Transition,
  index: number,
  reason: string,
  exitCode: number,
): void {
  const slot = transition.state.slots[index];
  const serving = slot.current?.pid ?? null;
  transition.log({ event: "gave-up", failures: slot.failures, reason, serving });
  slot.failures = 0;
  if (serving === null) {
    transition.state.exitCode = exitCode;
    return endAll(transition, "TERM");
  }
  armAutoRestart(transition);
  end(transition);
}

/** A worker asks to be replaced: it serves until the new one is ready. */
export function onReplace(transition: Transition, generation: number, reason: string): void {
  const { restart } = transition.state;
  const found = transition.find(generation);
  if (found === null || found.slot.current !== found.worker || !isIdle(found.slot)) return;
  if (found.slot.previous !== null && !restart?.keepsOld) return;
  transition.log({ event: "replacing", pid: found.worker.pid, reason });
  attempt(transition, found.index);
}

/** `--enable-auto-restart`: the interval has passed once, or twice while old workers were alive. */
export function onAutoRestartTimer(transition: Transition): void {
  if (transition.state.autoRestartDue) return autoRestartIfDue(transition, true);
  transition.state.autoRestartDue = true;
  transition.arm({ kind: "auto-restart" }, transition.settings.autoRestartMs);
  autoRestartIfDue(transition, false);
}

/** Begins the automatic restart if it is due; unless `forced`, only without old workers. */
export function autoRestartIfDue(transition: Transition, forced: boolean): void {
  const { state, settings } = transition;
  if (!state.autoRestartDue || settings.autoRestartMs === 0 || !canBegin(transition)) return;
  const old = state.slots.some((slot) => slot.draining.length > 0 || slot.previous !== null);
  if (old && !forced) return;
  transition.log({ event: "auto-restart", forced, intervalMs: settings.autoRestartMs });
  begin(transition);
}
