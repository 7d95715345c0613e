/** Ending everything: TERM, INT and QUIT, the drain timeout, and a second signal that hurries. */
import type { StopSignal, Worker } from "./state.ts";
import { pidsOf, type Transition } from "./transition.ts";

/** After a second signal workers have this long before they are killed. */
const hurryMs = 1000;

export function onStop(t: Transition, received: StopSignal): void {
  t.state.stopRequests++;
  if (t.state.phase === "running") return stopAll(t, received);
  const workers = t.alive;
  if (t.state.stopRequests > 2) return killAll(t);
  t.log({ event: "hurrying", received, pids: pidsOf(workers) });
  for (const worker of workers) t.signal(worker, "TERM");
  t.arm("hurry", hurryMs);
}

function stopAll(t: Transition, received: StopSignal): void {
  const signal = received === "INT" ? "TERM" : t.settings.signalOnTerm;
  t.log({ event: "stopping", received, signal, pids: pidsOf(t.alive) });
  endAll(t, signal);
}

/** Tells every worker to end and waits for them; nothing is started any more. */
export function endAll(t: Transition, signal: string): void {
  const workers = t.alive;
  t.state.phase = "stopping";
  t.state.restart = null;
  t.state.restartWaiting = false;
  t.tell("stopping");
  for (const [index, slot] of t.state.slots.entries()) {
    slot.retryPending = slot.blocked = false;
    for (const timer of ["retry", "window", "steady"]) t.disarm(`${timer}:${index}`);
    for (const worker of [slot.current, slot.candidate, slot.previous]) {
      if (worker !== null) slot.draining.push(worker);
    }
    slot.current = slot.candidate = slot.previous = null;
  }
  t.disarm("auto-restart");
  for (const worker of workers) {
    t.disarm(`interval:${worker.generation}`);
    t.disarm(`start:${worker.generation}`);
    t.signal(worker, signal);
    // A worker that was told before keeps its earlier deadline.
    if (!worker.told) t.armDrain(worker);
    worker.told = true;
  }
  endIfNobodyIsLeft(t);
}

/** A worker has died during the shutdown. */
export function onDiedWhileStopping(t: Transition, worker: Worker, status: number | null): void {
  for (const slot of t.state.slots) {
    slot.draining = slot.draining.filter((other) => other !== worker);
  }
  t.disarm(`drain:${worker.generation}`);
  if (worker.pid > 0) {
    t.log({ event: "died", generation: worker.generation, pid: worker.pid, status });
  }
  t.writeStatus();
  endIfNobodyIsLeft(t);
}

function endIfNobodyIsLeft(t: Transition): void {
  if (t.alive.length > 0) return;
  t.state.phase = "stopped";
  t.disarm("hurry");
  t.log({ event: "exiting" });
  t.actions.push({ type: "exit", code: t.state.exitCode });
}

/** The drain timeout of one worker is over. */
export function onDrainTimeout(t: Transition, generation: number): void {
  const worker = t.find(generation)?.worker;
  if (worker === undefined) return;
  const timeoutMs = t.settings.drainTimeoutMs;
  t.log({ event: "drain-timeout", pid: worker.pid, timeoutMs });
  t.signal(worker, "KILL");
}

/** The hurry is over, or a third signal came. */
export function killAll(t: Transition): void {
  const workers = t.alive;
  t.log({ event: "killed", pids: pidsOf(workers) });
  for (const worker of workers) t.signal(worker, "KILL");
}
