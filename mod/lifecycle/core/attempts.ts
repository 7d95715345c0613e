/** Starting a worker in a slot: now, after a delay, or when `--max-generations` has room. */
import type { Slot } from "./state.ts";
import { isServing, workersOf } from "./state.ts";
import type { Transition } from "./transition.ts";

const backoffMaxMs = 30_000;

/** Starts a worker in the slot: now, or as soon as spawn interval and `--max-generations` allow. */
export function attempt(transition: Transition, index: number): void {
  const { state, settings, nowMs } = transition;
  const slot = state.slots[index];
  const { spawnIntervalMs } = settings;
  if (spawnIntervalMs === 0) return startNow(transition, index);
  clearRetry(transition, index);
  if (slot.turnPending) return;
  // Reserved here, so that slots that wait together start one interval after the other.
  const dueMs = Math.max(nowMs, state.nextStartMs);
  state.nextStartMs = dueMs + spawnIntervalMs;
  if (dueMs <= nowMs) return startNow(transition, index);
  slot.turnPending = true;
  transition.arm({ kind: "turn", slot: index }, dueMs - nowMs);
}

function clearRetry(transition: Transition, index: number): void {
  transition.state.slots[index].retryPending = false;
  transition.disarm({ kind: "retry", slot: index });
}

/** No start is in progress or due in the slot. */
export function isIdle({ candidate, retryPending, turnPending, blocked }: Slot): boolean {
  return candidate === null && !retryPending && !turnPending && !blocked;
}

/** As `attempt`, but not limited by the spawn interval. */
export function startNow(transition: Transition, index: number): void {
  const { state, settings } = transition;
  const slot = state.slots[index];
  clearRetry(transition, index);
  if (slot.turnPending) transition.disarm({ kind: "turn", slot: index });
  slot.turnPending = false;
  const alive = workersOf(slot).length;
  if (settings.generationsMax > 0 && alive >= settings.generationsMax) {
    if (!slot.blocked) transition.log({ event: "blocked", alive });
    slot.blocked = true;
    return;
  }
  slot.blocked = false;
  const generation = ++state.generation;
  slot.candidate = {
    generation,
    pid: 0,
    startedMs: transition.nowMs,
    pausable: false,
    signalled: false,
    owesReopening: false,
    orphan: false,
  };
  transition.actions.push({ type: "spawn", slot: index, generation });
}

/** The spawn interval since the start before has passed. */
export function onTurn(transition: Transition, index: number): void {
  if (transition.state.slots[index].turnPending) startNow(transition, index);
}

/**
 * Connections wait that only a worker can answer: starts one now, unless some are starting. Not
 * before the first start has shown that one can serve.
 */
export function onRevive(transition: Transition): void {
  const { state } = transition;
  if (state.phase !== "running" || !state.anyServed || isServing(state)) return;
  const isStarting = () => state.slots.some(({ candidate }) => candidate !== null);
  if (!isStarting()) startNow(transition, 0);
  state.isReviving = isStarting();
}

/** The runner has started a process for the candidate. */
export function onSpawned(transition: Transition, generation: number, pid: number): void {
  const found = transition.find(generation);
  if (found === null) return;
  const { readiness, intervalMs, startTimeoutMs } = transition.settings;
  found.worker.pid = pid;
  found.worker.startedMs = transition.nowMs;
  transition.log({ event: "starting", generation, pid });
  // Another slot's start has failed meanwhile and ended everything.
  if (transition.state.phase !== "running") return transition.signal(found.worker, "TERM");
  if (readiness === "interval") return transition.arm({ kind: "interval", generation }, intervalMs);
  if (startTimeoutMs > 0) transition.arm({ kind: "start", generation }, startTimeoutMs);
  transition.actions.push({ type: "probe", generation, pid });
}

/** The next attempt after `delayMs`; at once for 0 or less. Long delays are logged. */
export function retryAfter(transition: Transition, index: number, delayMs: number): void {
  const slot = transition.state.slots[index];
  const { backoffFirstMs, intervalMs } = transition.settings;
  if (delayMs <= 0) return attempt(transition, index);
  if (delayMs > Math.max(backoffFirstMs, intervalMs)) {
    transition.log({ event: "retry", delayMs, failures: slot.failures });
  }
  slot.retryPending = true;
  transition.arm({ kind: "retry", slot: index }, delayMs);
}

/** 0 for the first `free` in a row, then `firstMs`, doubled each time up to 30 seconds. */
export function backoffMs(count: number, free: number, firstMs: number): number {
  return count <= free ? 0 : Math.min(firstMs * 2 ** (count - free - 1), backoffMaxMs);
}

/** Starts the worker that waited for `--max-generations`, once another one has ended. */
export function unblock(transition: Transition, index: number, slot: Slot): void {
  if (slot.blocked) attempt(transition, index);
}

/** The interval of the automatic restart counts from the last success. */
export function armAutoRestart(transition: Transition): void {
  const { autoRestartMs } = transition.settings;
  transition.state.autoRestartDue = false;
  if (autoRestartMs > 0) transition.arm({ kind: "auto-restart" }, autoRestartMs);
  else transition.disarm({ kind: "auto-restart" });
}
