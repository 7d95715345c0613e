/** How a start ends: ready, refused, too late, or dead; and what follows a failure. */
import { armAutoRestart, backoffMs, retryAfter } from "./attempts.ts";
import { describeStatus, failureExitCode } from "./reasons.ts";
import { giveUp, onSlotReady } from "./restarts.ts";
import type { Worker } from "./state.ts";
import type { Transition } from "./transition.ts";

/** Failed starts in a row that are retried without backoff. */
const freeFailures = 2;
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
  slot.previous = slot.current;
  slot.current = worker;
  slot.candidate = null;
  slot.failures = 0;
  transition.state.lastFailure = null;
  transition.arm({ kind: "steady", slot: index }, steadyMs);
  transition.writeStatus();
  armAutoRestart(transition);
  onSlotReady(transition, index);
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

function disarmStart(transition: Transition, { generation }: Worker): void {
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
  transition.fail(worker.generation, reason);
  const { startFailuresMax, firstStartFailuresMax } = settings;
  const limit = state.hasServed ? startFailuresMax : firstStartFailuresMax;
  const isOver = limit > 0 && slot.failures >= limit;
  // Once all have served, a slot without a worker is retried without limit.
  if (isOver && (slot.current !== null || !state.hasServed)) {
    return giveUp(transition, index, reason, exitCode);
  }
  // As with Server::Starter, starts are at least an interval apart.
  const livedMs = transition.nowMs - worker.startedMs;
  const restOfIntervalMs = settings.intervalMs - livedMs;
  const delayMs = Math.max(backoffMs(slot.failures, freeFailures), restOfIntervalMs);
  retryAfter(transition, index, delayMs);
}
