/** Starting a worker in a slot: now, after a delay, or when `--max-generations` has room. */
import type { Slot } from "./state.ts";
import { workersOf } from "./state.ts";
import type { Transition } from "./transition.ts";

const backoffFirstMs = 1000;
const backoffMaxMs = 30_000;

/** Starts a worker in the slot, now or as soon as `--max-generations` allows. */
export function attempt(transition: Transition, index: number): void {
  const { state, settings } = transition;
  const slot = state.slots[index];
  slot.retryPending = false;
  transition.disarm({ kind: "retry", slot: index });
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
    orphan: false,
  };
  transition.actions.push({ type: "spawn", slot: index, generation });
}

/** The runner has started a process for the candidate. */
export function onSpawned(transition: Transition, generation: number, pid: number): void {
  const found = transition.find(generation);
  if (found === null) return;
  const { readiness, intervalMs, startTimeoutMs } = transition.settings;
  found.worker.pid = pid;
  found.worker.startedMs = transition.nowMs;
  transition.log({ event: "starting", generation, pid });
  if (readiness === "interval") return transition.arm({ kind: "interval", generation }, intervalMs);
  if (startTimeoutMs > 0) transition.arm({ kind: "start", generation }, startTimeoutMs);
  transition.actions.push({ type: "probe", generation, pid });
}

/** The next attempt after `delayMs`; at once for 0 or less. Long delays are logged. */
export function retryAfter(transition: Transition, index: number, delayMs: number): void {
  const slot = transition.state.slots[index];
  if (delayMs <= 0) return attempt(transition, index);
  if (delayMs > Math.max(backoffFirstMs, transition.settings.intervalMs)) {
    transition.log({ event: "retry", delayMs, failures: slot.failures });
  }
  slot.retryPending = true;
  transition.arm({ kind: "retry", slot: index }, delayMs);
}

/** 0 for the first `free` in a row, then 1, 2, 4, ... 30 seconds. */
export function backoffMs(count: number, free: number): number {
  return count <= free ? 0 : Math.min(backoffFirstMs * 2 ** (count - free - 1), backoffMaxMs);
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
