/** Starting a worker in a slot: the attempt, its success, its failure, the next attempt. */
import { describeStatus, failureExitCode } from "./reasons.ts";
import { giveUp, onSlotReady, rollBack } from "./restarts.ts";
import type { Slot, Worker } from "./state.ts";
import { workersOf } from "./state.ts";
import type { Transition } from "./transition.ts";

const backoffFirstMs = 1000;
const backoffMaxMs = 30_000;
/** Failed starts in a row that are repeated without a delay of ours. */
const freeFailures = 2;
const freeCrashes = 5;
/** A worker that has served so long is no crash loop. */
const steadyMs = 3000;

/** Starts a worker in the slot, now or as soon as `--max-generations` allows. */
export function attempt(t: Transition, index: number): void {
  const slot = t.state.slots[index];
  slot.retryPending = false;
  t.disarm(`retry:${index}`);
  const alive = workersOf(slot).length;
  if (t.settings.generationsMax > 0 && alive >= t.settings.generationsMax) {
    if (!slot.blocked) t.log({ event: "blocked", alive });
    slot.blocked = true;
    return;
  }
  slot.blocked = false;
  const generation = ++t.state.generation;
  slot.candidate = {
    generation,
    pid: 0,
    startedMs: t.nowMs,
    pausable: false,
    told: false,
    orphan: false,
  };
  t.actions.push({ type: "spawn", slot: index, generation });
}

/** The engine has a process for the candidate. */
export function onSpawned(t: Transition, generation: number, pid: number): void {
  const found = t.find(generation);
  if (found === null) return;
  found.worker.pid = pid;
  found.worker.startedMs = t.nowMs;
  t.log({ event: "starting", generation, pid });
  if (t.settings.readiness === "interval") {
    t.arm(`interval:${generation}`, t.settings.intervalMs);
    return;
  }
  if (t.settings.startTimeoutMs > 0) t.arm(`start:${generation}`, t.settings.startTimeoutMs);
  t.actions.push({ type: "probe", generation, pid });
}

/** No process came into being: the program is missing, for example. */
export function onRefused(
  t: Transition,
  generation: number,
  reason: string,
  exitCode: number,
): void {
  const found = t.find(generation);
  if (found === null) return;
  t.log({ event: "refused", generation, reason });
  found.slot.candidate = null;
  startFailed(t, found.index, found.worker, reason, exitCode);
}

/** The worker has said so, a probe has, or it has lived through the interval. */
export function onReady(t: Transition, generation: number, pausable: boolean): void {
  const found = t.find(generation);
  if (found === null) return;
  const { slot, index, worker } = found;
  if (pausable) worker.pausable = true;
  if (slot.candidate !== worker) return;
  disarmStart(t, worker);
  slot.previous = slot.current;
  slot.current = worker;
  slot.candidate = null;
  slot.failures = 0;
  t.state.lastFailure = null;
  t.arm(`steady:${index}`, steadyMs);
  t.writeStatus();
  armAutoRestart(t);
  onSlotReady(t, index);
}

/** The automatic restart counts from the last success. */
export function armAutoRestart(t: Transition): void {
  t.state.autoRestartDue = false;
  if (t.settings.autoRestartMs > 0) t.arm("auto-restart", t.settings.autoRestartMs);
  else t.disarm("auto-restart");
}

/** It has not become ready within `--start-timeout`. */
export function onStartTimeout(t: Transition, generation: number): void {
  const found = t.find(generation);
  if (found === null || found.slot.candidate !== found.worker) return;
  const { slot, index, worker } = found;
  const timeoutMs = t.settings.startTimeoutMs;
  t.log({ event: "start-timeout", generation, pid: worker.pid, timeoutMs });
  slot.candidate = null;
  t.tellToEnd(slot, worker, "TERM", true);
  startFailed(t, index, worker, `not ready within ${timeoutMs / 1000} s`, 1);
}

/** The candidate died before it was ready. */
export function onCandidateDied(
  t: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const { generation, pid } = worker;
  t.log({ event: "start-failed", generation, pid, status });
  t.state.slots[index].candidate = null;
  disarmStart(t, worker);
  startFailed(t, index, worker, describeStatus(status), failureExitCode(status));
}

function disarmStart(t: Transition, worker: Worker): void {
  t.disarm(`interval:${worker.generation}`);
  t.disarm(`start:${worker.generation}`);
}

/**
 * Counts the failure, then gives up or arranges the next attempt. `exitCode` becomes the supervisor's
 * own when there is nothing to fall back to.
 */
export function startFailed(
  t: Transition,
  index: number,
  worker: Worker,
  reason: string,
  exitCode: number,
): void {
  const slot = t.state.slots[index];
  slot.failures++;
  t.fail(worker.generation, reason);
  const { startFailuresMax, firstStartFailuresMax } = t.settings;
  const limit = t.state.hasServed ? startFailuresMax : firstStartFailuresMax;
  const isOver = limit > 0 && slot.failures >= limit;
  // Once it has served, a slot without a worker is worth any number of attempts.
  if (isOver && (slot.current !== null || !t.state.hasServed)) {
    return giveUp(t, index, reason, exitCode);
  }
  // As with Server::Starter, starts are at least an interval apart.
  const lived = t.nowMs - worker.startedMs;
  const delayMs = Math.max(backoffMs(slot.failures, freeFailures), t.settings.intervalMs - lived);
  retryAfter(t, index, delayMs);
}

function retryAfter(t: Transition, index: number, delayMs: number): void {
  const slot = t.state.slots[index];
  if (delayMs <= 0) return attempt(t, index);
  if (delayMs > Math.max(backoffFirstMs, t.settings.intervalMs)) {
    t.log({ event: "retry", delayMs, failures: slot.failures });
  }
  slot.retryPending = true;
  t.arm(`retry:${index}`, delayMs);
}

/** 0 for the first `free` in a row, then 1, 2, 4, ... 30 seconds. */
function backoffMs(count: number, free: number): number {
  return count <= free ? 0 : Math.min(backoffFirstMs * 2 ** (count - free - 1), backoffMaxMs);
}

/** The serving worker died without being told to. */
export function onCurrentDied(
  t: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const slot = t.state.slots[index];
  slot.current = null;
  if (slot.previous !== null) return rollBack(t, index, worker, status);
  t.log({
    event: "died-unexpectedly",
    generation: worker.generation,
    pid: worker.pid,
    status,
  });
  t.writeStatus();
  t.disarm(`steady:${index}`);
  if (!isDeathByOthers(status)) slot.crashes++;
  if (slot.candidate === null && !slot.retryPending && !slot.blocked) {
    retryAfter(t, index, backoffMs(slot.crashes, freeCrashes));
  } else if (slot.candidate === null) {
    // Waiting was bearable only while somebody served; and the death has made room.
    attempt(t, index);
  }
}

/** KILL and TERM come from an operator or the kernel; the program itself is not to blame. */
function isDeathByOthers(status: number | null): boolean {
  return status === null || (status & 0x7f) === 9 || (status & 0x7f) === 15;
}

/** A death has made room under `--max-generations`. */
export function unblock(t: Transition, index: number, slot: Slot): void {
  if (slot.blocked) attempt(t, index);
}
