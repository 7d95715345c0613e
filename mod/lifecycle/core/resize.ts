/** Adding and removing slots. */
import { attempt, isIdle } from "./attempts.ts";
import { begin, continueRestart, noteServed } from "./restarts.ts";
import { disarmSlot } from "./shutdown.ts";
import { disarmStart } from "./outcomes.ts";
import { emptySlot, isServing } from "./state.ts";
import type { Transition } from "./transition.ts";

/**
 * The number of slots changes, to at least 1. With `redistributes` every worker is replaced, because
 * its sockets depend on that number, and the old workers serve until all new ones do.
 */
export function onResize(
  transition: Transition,
  slotCount: number,
  redistributes: boolean,
): void {
  const { state, settings } = transition;
  if (state.phase !== "running") return;
  while (state.slots.length < slotCount) state.slots.push(emptySlot());
  let keepsOld = redistributes;
  while (state.slots.length > Math.max(1, slotCount)) {
    // The last worker that serves must not end for a smaller number.
    keepsOld ||= !state.slots.slice(0, -1).some(({ current }) => current !== null);
    removeLast(transition, keepsOld);
  }
  noteServed(transition);
  if (keepsOld) begin(transition, { keepsOld });
  else continueRestart(transition);
  if (!state.anyServed && settings.firstStart === "one") return;
  for (const [index, slot] of state.slots.entries()) {
    if (slot.current === null && isIdle(slot)) attempt(transition, index);
  }
}

function removeLast(transition: Transition, keepsOld: boolean): void {
  const { state, settings } = transition;
  const index = state.slots.length - 1;
  const { current, candidate, previous, draining } = state.slots[index];
  state.slots.pop();
  disarmSlot(transition, index);
  const [first] = state.slots;
  first.draining.push(...draining);
  if (candidate !== null) {
    disarmStart(transition, candidate);
    transition.retire(first, candidate, settings.signalOnHup, true);
  }
  for (const worker of [current, previous]) {
    if (worker === null) continue;
    if (keepsOld) state.surplus.push(worker);
    else transition.retire(first, worker, settings.signalOnHup);
  }
  const isStarting = state.slots.some((slot) => slot.candidate !== null);
  if (!isStarting && !isServing(state)) state.isReviving = false;
}
