/** Workers that die while the parent runs: what restarts them, and what takes their place. */
import { attempt, backoffMs, isIdle, retryAfter, unblock } from "./attempts.ts";
import { startFailed } from "./outcomes.ts";
import { describeStatus, failureExitCode } from "./reasons.ts";
import { autoRestartIfDue, continueRestart, giveUp } from "./restarts.ts";
import type { Worker } from "./state.ts";
import type { Transition } from "./transition.ts";

/** The serving worker died although it was not signalled to end. */
export function onCurrentDied(
  transition: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const slot = transition.state.slots[index];
  slot.current = null;
  if (slot.previous !== null) return rollBack(transition, index, worker, status);
  const { generation, pid } = worker;
  transition.log({ event: "died-unexpectedly", generation, pid, status });
  transition.writeStatus();
  transition.disarm({ kind: "steady", slot: index });
  if (!isKilledFromOutside(status)) slot.crashes++;
  if (slot.candidate !== null) return;
  if (isIdle(slot)) {
    const { freeCrashes, backoffFirstMs } = transition.settings;
    return retryAfter(transition, index, backoffMs(slot.crashes, freeCrashes, backoffFirstMs));
  }
  // A start was delayed or blocked, but now the slot serves nothing, and the death has made room.
  attempt(transition, index);
}

/** KILL and TERM come from an operator or the kernel; the program itself is not to blame. */
function isKilledFromOutside(status: number | null): boolean {
  return status === null || (status & 0x7f) === 9 || (status & 0x7f) === 15;
}

/** The new worker died in the window; the old one is still alive and serves again. */
function rollBack(
  transition: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const { slots, restart } = transition.state;
  const trialMs = restart?.keepsOld ? 0 : transition.settings.trialMs;
  const slot = slots[index];
  const previous = slot.previous as Worker;
  slot.current = previous;
  slot.previous = null;
  transition.disarm({ kind: "window", slot: index });
  transition.disarm({ kind: "steady", slot: index });
  if (trialMs > 0 && previous.pausable) {
    transition.actions.push({ type: "resume", pid: previous.pid });
  }
  const { generation, pid } = worker;
  transition.log({ event: "rolled-back", generation, pid, status, to: previous.pid });
  transition.writeStatus();
  const reason = `generation ${generation} died in its trial: ${describeStatus(status)}`;
  if (trialMs > 0) {
    transition.fail(generation, reason);
    giveUp(transition, index, reason, failureExitCode(status));
  } else if (isIdle(slot)) {
    startFailed(transition, index, worker, reason, failureExitCode(status));
  }
}

/** A draining worker, or one kept for the window or until the end of the restart, has died. */
export function onOldDied(
  transition: Transition,
  index: number,
  worker: Worker,
  status: number | null,
): void {
  const { generation, pid } = worker;
  const slot = transition.state.slots[index];
  const { state } = transition;
  slot.draining = slot.draining.filter((other) => other !== worker);
  state.surplus = state.surplus.filter((other) => other !== worker);
  transition.disarm({ kind: "drain", generation });
  transition.log({ event: "old-died", generation, pid, status });
  transition.writeStatus();
  if (slot.previous === worker) {
    slot.previous = null;
    transition.disarm({ kind: "window", slot: index });
    continueRestart(transition);
  }
  unblock(transition, index, slot);
  autoRestartIfDue(transition, false);
}
