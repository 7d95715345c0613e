/** Ending everything: TERM, INT and QUIT, the drain timeout, and later signals that hurry it. */
import type { StopSignal, Worker } from "./state.ts";
import { pidsOf, type Transition } from "./transition.ts";

/** After a second signal workers have this long before they are killed. */
export const hurryMs = 1000;
const slotTimers = ["retry", "turn", "window", "steady"] as const;

export function onStop(transition: Transition, received: StopSignal): void {
  const { state, alive } = transition;
  state.stopRequests++;
  if (state.phase === "running") return stopAll(transition, received);
  if (state.stopRequests > 2) return killAll(transition);
  transition.log({ event: "hurrying", received, pids: pidsOf(alive) });
  onStopAtOnce(transition);
}

/** Workers end without answering what they accepted, or are killed. */
export function onStopAtOnce(transition: Transition): void {
  const { state, settings } = transition;
  if (state.phase === "running") endAll(transition, settings.signalAtOnce);
  else for (const worker of transition.alive) transition.signal(worker, settings.signalAtOnce);
  if (state.phase === "stopped" || state.isHurrying) return;
  state.isHurrying = true;
  transition.arm({ kind: "hurry" }, hurryMs);
}

function stopAll(transition: Transition, received: StopSignal): void {
  const signal = received === "INT" ? "TERM" : transition.settings.signalOnTerm;
  transition.log({ event: "stopping", received, signal, pids: pidsOf(transition.alive) });
  endAll(transition, signal);
}

/** Signals every worker to end and waits for them; nothing is started any more. */
export function endAll(transition: Transition, signal: string): void {
  const { state, alive: workers } = transition;
  state.phase = "stopping";
  state.restart = null;
  state.restartWaiting = state.isReviving = false;
  transition.notify("stopping");
  state.slots[0].draining.push(...state.surplus.splice(0));
  for (const [index, slot] of state.slots.entries()) {
    slot.retryPending = slot.turnPending = slot.blocked = false;
    disarmSlot(transition, index);
    for (const worker of [slot.current, slot.candidate, slot.previous]) {
      if (worker !== null) slot.draining.push(worker);
    }
    slot.current = slot.candidate = slot.previous = null;
  }
  transition.disarm({ kind: "auto-restart" });
  for (const worker of workers) {
    const { generation } = worker;
    transition.disarm({ kind: "interval", generation });
    transition.disarm({ kind: "start", generation });
    transition.signal(worker, signal);
    // A worker that was signalled before keeps its earlier deadline.
    if (!worker.signalled) transition.armDrain(worker);
    worker.signalled = true;
  }
  exitIfEmpty(transition);
}

export function disarmSlot(transition: Transition, index: number): void {
  for (const kind of slotTimers) transition.disarm({ kind, slot: index });
}

/** A worker has died during the shutdown. */
export function onDiedWhileStopping(
  transition: Transition,
  worker: Worker,
  status: number | null,
): void {
  const { generation, pid } = worker;
  for (const slot of transition.state.slots) {
    slot.draining = slot.draining.filter((other) => other !== worker);
  }
  transition.disarm({ kind: "drain", generation });
  if (pid > 0) transition.log({ event: "died", generation, pid, status });
  transition.writeStatus();
  exitIfEmpty(transition);
}

function exitIfEmpty(transition: Transition): void {
  if (transition.alive.length > 0) return;
  transition.state.phase = "stopped";
  transition.disarm({ kind: "hurry" });
  transition.log({ event: "exiting" });
  transition.actions.push({ type: "exit", code: transition.state.exitCode });
}

/** A worker has not ended within `--drain-timeout`. */
export function onDrainTimeout(transition: Transition, generation: number): void {
  const worker = transition.find(generation)?.worker;
  if (worker === undefined) return;
  const timeoutMs = transition.settings.drainTimeoutMs;
  transition.log({ event: "drain-timeout", pid: worker.pid, timeoutMs });
  transition.signal(worker, "KILL");
}

/** The time after a second signal has passed, or a third signal came. */
export function killAll(transition: Transition): void {
  const workers = transition.alive;
  transition.log({ event: "killed", pids: pidsOf(workers) });
  for (const worker of workers) transition.signal(worker, "KILL");
}
