/** Why an open loop was late: its own thread, the CPU, or the server. Pure. */
import type { LoadResult } from "../../stats/result.ts";
import { type LateCause, lateCauses } from "../../stats/late_causes.ts";
import { Slot } from "../../stats/thread_stats.ts";
import { formatTimeUs } from "./wrk_units.ts";

const lateReasons: Readonly<Record<LateCause, (result: LoadResult) => string>> = {
  lateBusy: ({ hasScript, stats, measuredMs, threads }) => {
    const share = stats.counters[Slot.scriptUs] / 1000 / Math.max(1, measuredMs) / threads;
    const script = hasScript ? ` (the script took ${percentOf(share)} of each thread)` : "";
    return `it was busy and sent late${script}: use more threads (-t) or machines`;
  },
  lateQueued: () => "it waited for a CPU, used by other programs: requests were sent late",
  lateStopped: ({ stats }) =>
    `it was stopped for ${formatTimeUs(Math.round(stats.counters[Slot.stoppedMs]) * 1000)} ` +
    "(a signal, or the machine was suspended): requests were sent late",
  lateConnection: waitedForConnection,
};

/** What the connections can carry at this run's service time (Little's law). */
function waitedForConnection({ stats, connections, streams, requestedRate }: LoadResult): string {
  const { serviceTime } = stats;
  const start = "requests waited for a free connection: ";
  if (serviceTime.count === 0) return `${start}no response came`;
  const { meanUs } = serviceTime.spread();
  const carried = connections * (streams ?? 1) / meanUs * 1e6;
  const facts = `${start}a response took ${formatTimeUs(Math.round(meanUs))} on average, so that ` +
    `-c ${connections}${streams === null ? "" : ` -m ${streams}`} carries ${formatRate(carried)}/s`;
  // Twice as long as the fastest: the server queues requests, so more connections would not help.
  if (meanUs > 2 * serviceTime.minUs) {
    const fastest = formatTimeUs(Math.round(serviceTime.minUs));
    return `${facts}; the fastest took ${fastest}: the server is slower than the rate`;
  }
  const neededCount = (requestedRate ?? 0) * meanUs / 1e6 * 1.2 / (streams ?? 1);
  return `${facts}: -c ${Math.ceil(neededCount)} may do`;
}

/** Why requests of the schedule were sent late or not at all, the main cause first. */
export function whyLate(result: LoadResult): string[] {
  return lateCauses(result.stats).map((cause) => lateReasons[cause](result));
}

/** Whether the client, and not only the server, made requests late. */
export function isOurFault(result: LoadResult): boolean {
  return lateCauses(result.stats).some((cause) => cause !== "lateConnection");
}

/** One decimal, as many as it takes below 10: 0.25 is not 0.3. */
export function formatRate(rate: number): string {
  const fixed = rate.toFixed(rate < 10 ? 3 : 1);
  return rate < 10 ? fixed.replace(/(\.\d+?)0+$/, "$1") : fixed;
}

/** A share of 1 in whole percent, at most 100. */
export function percentOf(share: number): string {
  return `${Math.min(100, share * 100).toFixed(0)}%`;
}
