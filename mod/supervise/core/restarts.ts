/** Replacing workers: HUP, the window in which old and new are both alive, giving up, going back. */
import { armAutoRestart, attempt, startFailed, unblock } from "./attempts.ts";
import { describeStatus, failureExitCode } from "./reasons.ts";
import { endAll } from "./shutdown.ts";
import type { Worker } from "./state.ts";
import { pidsOf, type Transition } from "./transition.ts";

/** HUP, or a request that means the same. */
export function onHup(t: Transition): void {
  if (t.state.phase !== "running") return;
  if (retryNow(t)) return;
  if (!canBegin(t)) {
    if (!t.state.restartWaiting) t.log({ event: "hup-waits" });
    t.state.restartWaiting = true;
    return;
  }
  t.log({ event: "hup" });
  begin(t, false);
}

/** Slots that wait before their next attempt need not wait: whoever sends HUP has mended something. */
function retryNow(t: Transition): boolean {
  const waiting = [...t.state.slots.entries()].filter(([, slot]) => slot.retryPending);
  if (waiting.length === 0) return false;
  t.log({ event: "hup" });
  for (const [index, slot] of waiting) {
    slot.failures = 0;
    slot.crashes = 0;
    attempt(t, index);
  }
  // The other slots still run what was there before.
  if (t.state.slots.length > 1) t.state.restartWaiting = true;
  return true;
}

function canBegin(t: Transition): boolean {
  return t.state.restart === null && t.state.slots.every((slot) => slot.candidate === null);
}

/** Begins to replace every worker. */
export function begin(t: Transition, takeover: boolean): void {
  t.state.restartWaiting = false;
  t.state.autoRestartDue = false;
  t.state.restart = { firstGeneration: t.state.generation + 1, slot: 0, takeover };
  if (!takeover) t.tell("reloading");
  t.disarm("auto-restart");
  advance(t);
}

/** Goes to the next slot that still has an older worker; ends the restart when there is none. */
function advance(t: Transition): void {
  const { restart, slots } = t.state;
  if (restart === null) return;
  while (restart.slot < slots.length) {
    const slot = slots[restart.slot];
    const done = slot.current !== null && slot.current.generation >= restart.firstGeneration;
    if (!done) {
      if (slot.candidate === null && !slot.retryPending && !slot.blocked) attempt(t, restart.slot);
      return;
    }
    if (slot.previous !== null) return;
    restart.slot++;
  }
  t.state.restartCount++;
  end(t);
}

function end(t: Transition): void {
  t.state.restart = null;
  t.tell("ready");
  beginWaiting(t);
}

/** Begins the restart that had to wait, if there is one and its time has come. */
export function beginWaiting(t: Transition): void {
  if (!t.state.restartWaiting || !canBegin(t)) return;
  t.log({ event: "hup" });
  begin(t, false);
}

/** The slot's new worker is ready: the old one stays for the window, then it is told to end. */
export function onSlotReady(t: Transition, index: number): void {
  const slot = t.state.slots[index];
  const first = !t.state.hasServed;
  t.state.hasServed = t.state.slots.every(({ current }) => current !== null) || !first;
  if (first && t.state.hasServed) t.tell("ready");
  const { previous, current } = slot;
  if (previous !== null && current !== null) {
    const { killOldDelayMs, trialMs, signalOnHup } = t.settings;
    t.log({ event: "running", signal: signalOnHup, pids: pidsOf([previous]) });
    if (killOldDelayMs > 0) t.log({ event: "kill-delay", delayMs: killOldDelayMs });
    if (trialMs > 0) {
      t.log({ event: "trial", pid: current.pid, trialMs });
      if (previous.pausable) t.actions.push({ type: "pause", pid: previous.pid });
    }
    const windowMs = Math.max(killOldDelayMs, trialMs);
    if (windowMs > 0) t.arm(`window:${index}`, windowMs);
    else onWindowOver(t, index);
    return;
  }
  if (t.state.restart !== null) advance(t);
  beginWaiting(t);
}

/** The new worker has lived through the delay and its trial. */
export function onWindowOver(t: Transition, index: number): void {
  const slot = t.state.slots[index];
  const previous = slot.previous;
  slot.previous = null;
  t.log({ event: "killing" });
  if (previous !== null) t.tellToEnd(slot, previous, t.settings.signalOnHup);
  if (t.state.restart !== null) advance(t);
  beginWaiting(t);
}

/** The new worker died in the window; the old one is still there and serves on. */
export function rollBack(
  t: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const slot = t.state.slots[index];
  const previous = slot.previous as Worker;
  slot.current = previous;
  slot.previous = null;
  t.disarm(`window:${index}`);
  t.disarm(`steady:${index}`);
  if (t.settings.trialMs > 0 && previous.pausable) {
    t.actions.push({ type: "resume", pid: previous.pid });
  }
  const { generation, pid } = worker;
  t.log({ event: "rolled-back", generation, pid, status, to: previous.pid });
  t.writeStatus();
  const reason = `generation ${generation} died in its trial: ${describeStatus(status)}`;
  if (t.settings.trialMs > 0) {
    t.fail(generation, reason);
    giveUp(t, index, reason, failureExitCode(status));
  } else startFailed(t, index, worker, reason, failureExitCode(status));
}

/** No further attempt. What serves, serves on; with nothing that serves, the supervisor ends with `exitCode`. */
export function giveUp(t: Transition, index: number, reason: string, exitCode: number): void {
  const slot = t.state.slots[index];
  const serving = slot.current?.pid ?? null;
  t.log({ event: "gave-up", failures: slot.failures, reason, serving });
  slot.failures = 0;
  if (serving === null) {
    t.state.exitCode = exitCode;
    return endAll(t, "TERM");
  }
  t.state.restart = null;
  armAutoRestart(t);
  t.tell("ready");
  beginWaiting(t);
}

/** A worker that was told to end, or the one kept for the window, has died. */
export function onOldDied(t: Transition, index: number, worker: Worker, status: number | null) {
  const slot = t.state.slots[index];
  slot.draining = slot.draining.filter((other) => other !== worker);
  t.disarm(`drain:${worker.generation}`);
  t.log({ event: "old-died", generation: worker.generation, pid: worker.pid, status });
  t.writeStatus();
  if (slot.previous === worker) {
    slot.previous = null;
    t.disarm(`window:${index}`);
    if (t.state.restart !== null) advance(t);
    beginWaiting(t);
  }
  unblock(t, index, slot);
  autoRestartIfDue(t, false);
}

/** `--enable-auto-restart`: the interval is over, or twice the interval. */
export function onAutoRestartTimer(t: Transition): void {
  if (!t.state.autoRestartDue) {
    t.state.autoRestartDue = true;
    t.arm("auto-restart", t.settings.autoRestartMs);
    autoRestartIfDue(t, false);
  } else autoRestartIfDue(t, true);
}

function autoRestartIfDue(t: Transition, forced: boolean): void {
  if (!t.state.autoRestartDue || t.settings.autoRestartMs === 0 || !canBegin(t)) return;
  const old = t.state.slots.some((slot) => slot.draining.length > 0 || slot.previous !== null);
  if (old && !forced) return;
  t.log({ event: "auto-restart", forced, intervalMs: t.settings.autoRestartMs });
  begin(t, false);
}
