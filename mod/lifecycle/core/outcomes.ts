/** How a start ends: ready, refused, too late, or dead; and what follows a failure. */
import { armAutoRestart, attempt, backoffMs, isIdle, retryAfter } from "./attempts.ts";
import { describeStatus, failureExitCode } from "./reasons.ts";
import { giveUp, onSlotReady } from "./restarts.ts";
import { onDiedWhileStopping } from "./shutdown.ts";
import type { Worker } from "./state.ts";
import type { Transition } from "./transition.ts";

/** A worker that has served this long is not in a crash loop. */
const steadyMs = 3000;

/** The candidate could not be executed: the program is missing, for example. */
export function onRefused(
  transition: Transition,
  generation: number,
  reason: string,
  exitCode: number,
): void {
  const found = transition.find(generation);
  if (found === null) return;
  transition.log({ event: "refused", generation, reason });
  if (transition.state.phase !== "running") {
    return onDiedWhileStopping(transition, found.worker, null);
  }
  found.slot.candidate = null;
  startFailed(transition, found.index, found.worker, reason, exitCode);
}

/** The worker has notified us, a probe has succeeded, or the worker has survived the interval. */
export function onReady(transition: Transition, generation: number, pausable: boolean): void {
  const found = transition.find(generation);
  if (found === null) return;
  const { slot, index, worker } = found;
  if (pausable) worker.pausable = true;
  if (slot.candidate !== worker) return;
  disarmStart(transition, worker);
  transition.state.isReviving = false;
  if (slot.previous === null) slot.previous = slot.current;
  // The slot is replaced a second time in a restart that keeps the old workers.
  else if (slot.current !== null) {
    transition.retire(slot, slot.current, transition.settings.signalOnHup);
  }
  slot.current = worker;
  slot.candidate = null;
  slot.failures = 0;
  transition.state.lastFailure = null;
  greet(transition, worker);
  transition.arm({ kind: "steady", slot: index }, steadyMs);
  transition.writeStatus();
  armAutoRestart(transition);
  onSlotReady(transition, index);
}

/** What had to wait until the worker is ready. */
function greet(transition: Transition, worker: Worker): void {
  const { state, settings, actions } = transition;
  if (worker.owesReopening) transition.signal(worker, "USR1");
  worker.owesReopening = false;
  if (state.isPaused && worker.pausable) actions.push({ type: "pause", pid: worker.pid });
  if (state.isLeaving && settings.signalOnLeave !== null) {
    transition.signal(worker, settings.signalOnLeave);
  }
  if (state.anyServed) return;
  state.anyServed = true;
  if (settings.firstStart === "all") return;
  for (const [index, slot] of state.slots.entries()) {
    if (slot.current === null && isIdle(slot)) attempt(transition, index);
  }
}

/** The candidate has not become ready within `--start-timeout`. */
export function onStartTimeout(transition: Transition, generation: number): void {
  const found = transition.find(generation);
  if (found === null || found.slot.candidate !== found.worker) return;
  const { slot, index, worker } = found;
  const timeoutMs = transition.settings.startTimeoutMs;
  transition.log({ event: "start-timeout", generation, pid: worker.pid, timeoutMs });
  slot.candidate = null;
  transition.retire(slot, worker, "TERM", true);
  startFailed(transition, index, worker, `not ready within ${timeoutMs / 1000} s`, 1);
}

/** The candidate died before it was ready. */
export function onCandidateDied(
  transition: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const { generation, pid } = worker;
  transition.log({ event: "start-failed", generation, pid, status });
  transition.state.slots[index].candidate = null;
  disarmStart(transition, worker);
  startFailed(transition, index, worker, describeStatus(status), failureExitCode(status));
}

export function disarmStart(transition: Transition, { generation }: Worker): void {
  transition.disarm({ kind: "interval", generation });
  transition.disarm({ kind: "start", generation });
}

/**
 * Counts the failure, then gives up or schedules the next attempt. `exitCode` becomes the
 * parent's own when there is no older generation to fall back to.
 */
export function startFailed(
  transition: Transition,
  index: number,
  worker: Worker,
  reason: string,
  exitCode: number,
): void {
  const { state, settings } = transition;
  const slot = state.slots[index];
  slot.failures++;
  state.isReviving = false;
  transition.fail(worker.generation, reason);
  const { startFailuresMax, firstStartFailuresMax, freeFailures, backoffFirstMs } = settings;
  const limit = transition.hasStarted ? startFailuresMax : firstStartFailuresMax;
  const isOver = limit > 0 && slot.failures >= limit;
  // After the first start, only a restart is given up: a slot without a worker is retried without
  // limit, and so is the replacement that a worker has asked for.
  const canGiveUp = slot.current !== null && state.restart !== null && !state.restart.keepsOld;
  if (isOver && (canGiveUp || !transition.hasStarted)) {
    return giveUp(transition, index, reason, exitCode);
  }
  // As with Server::Starter, starts are at least an interval apart.
  const livedMs = transition.nowMs - worker.startedMs;
  const restOfIntervalMs = settings.intervalMs - livedMs;
  const backoff = backoffMs(slot.failures, freeFailures, backoffFirstMs);
  retryAfter(transition, index, Math.max(backoff, restOfIntervalMs));
}
