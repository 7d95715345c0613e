/** Whether a rate has passed, and what kept it from it. Pure. */
import type { Threshold } from "../plan/threshold.ts";
import { measuredOf } from "../report/verdict.ts";
import { isSentLate, type LateCause, lateCauses } from "../stats/late_causes.ts";
import { errorsOf, type LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";

export interface StepVerdict {
  readonly passed: boolean;
  /** Why it has not passed; null: it has. */
  readonly reason: string | null;
  /** It has not passed because this program could not send in time. */
  readonly isClientLimit: boolean;
}

const clientCauses: Readonly<Partial<Record<LateCause, string>>> = {
  lateBusy: "the client was busy",
  lateQueued: "the client waited for a CPU",
  lateStopped: "the client was stopped",
};
/** Conditions about failures; without one of them no request may fail. */
const failureMetrics = new Set(["errors", "error-rate", "retried", "status"]);

/** Judges the run of one rate. */
export function judgeStep(conditions: readonly Threshold[], result: LoadResult): StepVerdict {
  const reasons = [
    ...conditions.flatMap((condition) => {
      const { holds, shown } = measuredOf(condition, result);
      return holds ? [] : [`${condition.text.replaceAll(" ", "")} was ${shown}`];
    }),
    ...failedReason(conditions, result),
    ...unsentReason(result),
  ];
  if (reasons.length === 0) return { passed: true, reason: null, isClientLimit: false };
  const cause = isSentLate(result.stats) ? lateCauses(result.stats)[0] : undefined;
  const client = cause === undefined ? undefined : clientCauses[cause];
  if (client !== undefined) reasons.push(client);
  return { passed: false, reason: reasons.join(", "), isClientLimit: client !== undefined };
}

function failedReason(conditions: readonly Threshold[], result: LoadResult): string[] {
  const isNamed = conditions.some(({ metric }) =>
    metric.kind === "status" || ("name" in metric && failureMetrics.has(metric.name))
  );
  const failed = errorsOf(result);
  return isNamed || failed === 0 ? [] : [`${failed} requests failed`];
}

/** What was due and not sent has no latency: a rate that was not sent has not passed. */
function unsentReason({ stats: { counters } }: LoadResult): string[] {
  const unsent = counters[Slot.unsent], unanswered = counters[Slot.inFlight];
  const reasons: string[] = [];
  // One may have become due in the last moment.
  if (unsent > 1) reasons.push(`${unsent} of ${counters[Slot.scheduled]} were not sent`);
  if (unanswered > 0) reasons.push(`${unanswered} got no response`);
  return reasons;
}
