/** Why requests of a schedule were sent late. */
import { Slot, type ThreadStats } from "./thread_stats.ts";

export const lateCauseNames = ["lateConnection", "lateBusy", "lateQueued", "lateStopped"] as const;
export type LateCause = typeof lateCauseNames[number];

/** A cause of less than this share of all lateness is not reported. */
const causeShareMin = 0.2;
/** A schedule that is later than this on average is late. */
const lateUs = 1000;

/** The causes of the lateness, the largest first. */
export function lateCauses({ counters }: ThreadStats): LateCause[] {
  const causes = lateCauseNames.map((cause) => ({ cause, amount: counters[Slot[cause]] }))
    .sort((a, b) => b.amount - a.amount);
  const total = causes.reduce((sum, { amount }) => sum + amount, 0);
  return causes.filter(({ amount }) => amount > 0 && amount >= causeShareMin * total)
    .map(({ cause }) => cause);
}

/** Whether the schedule was not kept. */
export function isSentLate({ counters }: ThreadStats): boolean {
  if (counters[Slot.unsent] > 0) return true;
  const sent = counters[Slot.scheduled];
  return sent > 0 && counters[Slot.lagSumUs] / sent >= lateUs;
}
