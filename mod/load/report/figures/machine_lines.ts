/** What a run of several machines has to say of single ones. Pure. */
import type { MachineShare } from "../../stats/machine_share.ts";
import { cpuShare, type LoadResult, requestedRate } from "../../stats/result.ts";
import { formatRate, percentOf, whyLate } from "./late_reasons.ts";
import { Slot } from "../../stats/thread_stats.ts";

/** Below this share of its requests a machine has not kept its rate. */
const keptShareMin = 0.99;
/** Above this the machine measures itself more than the server. */
const busyShare = 0.9;
/** CPU time is counted in hundredths of a second: a shorter run is too imprecise. */
const shareMinMs = 500;
/** A start that is later than this is not one start. */
const lateMaxMs = 100;

/** A line for each machine that was lost, late, too slow or too busy. */
export function machineLines({ machines }: LoadResult): string[] {
  return machines.flatMap((machine) =>
    faultsOf(machine).map((fault) => `Machine ${machine.name}: ${fault}`)
  );
}

function faultsOf({ lost, result, startedLateMs }: MachineShare): string[] {
  if (result === null) return [`lost, and in no figure: ${lost}`];
  const faults: string[] = [];
  if (startedLateMs > lateMaxMs) faults.push(`began ${(startedLateMs / 1000).toFixed(2)} s late`);
  const { counters } = result.stats;
  const due = counters[Slot.scheduled];
  const kept = due === 0 ? 1 : 1 - counters[Slot.unsent] / due;
  const rate = requestedRate(result);
  if (rate !== null && kept < keptShareMin) {
    const why = whyLate(result).map((reason) => `; ${reason}`);
    faults.push(
      `it did not keep its rate: sent ${formatRate(rate * kept)}/s of ${formatRate(rate)}/s ` +
        `(${(kept * 100).toFixed(2)}%)${why.join("")}`,
    );
  }
  const share = cpuShare(result);
  if (share >= busyShare && result.measuredMs >= shareMinMs) {
    faults.push(`${percentOf(share)} CPU of each thread: it was its own bottleneck`);
  }
  return faults;
}
