/** Lines after wrk's last one, for what wrk does not report. A normal run adds none. Pure. */
import type { Histogram } from "../../metrics/histogram.ts";
import { failureKinds } from "../plan/failure.ts";
import type { OutputPlan } from "../plan/plan.ts";
import { cpuShare, errorsOf, type LoadResult, requestedRate } from "../stats/result.ts";
import { isSentLate } from "../stats/late_causes.ts";
import { Slot } from "../stats/thread_stats.ts";
import { eventStreamLines } from "./event_stream_lines.ts";
import { webSocketLines } from "./web_socket_lines.ts";
import { phaseLines } from "./phase_lines.ts";
import { formatRate, isOurFault, percentOf, whyLate } from "./figures/late_reasons.ts";
import { machineLines } from "./figures/machine_lines.ts";
import { formatTimeUs } from "./figures/wrk_units.ts";

/** Above this the figures describe the client more than the server. */
const busyShare = 0.9;
/** CPU time is counted in hundredths of a second: a shorter run is too imprecise. */
const shareMinMs = 500;
const wrk2Percents = [50, 75, 90, 99, 99.9, 99.99, 99.999, 100];

/** Lines, each with a line feed, or "". */
export function additions(
  result: LoadResult,
  output: Pick<OutputPlan, "percentiles" | "serviceTime">,
): string {
  const lines = [
    ...scheduleLines(result),
    ...replayLines(result),
    ...percentileLines(result, output),
    ...phaseLines(result),
    ...eventStreamLines(result),
    ...webSocketLines(result),
    ...answerLines(result),
    ...failureLines(result),
    ...connectionLines(result),
    ...handshakeLines(result),
    ...protocolLines(result),
    ...clientLines(result),
    ...machineLines(result),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function replayLines({ hasReplay, stats: { counters } }: LoadResult): string[] {
  if (!hasReplay) return [];
  const sent = counters[Slot.scheduled] - counters[Slot.unsent];
  const parts = [`${sent} of ${counters[Slot.scheduled]} requests of the log`];
  const bad = counters[Slot.badLines], bodiless = counters[Slot.bodiless];
  if (bad > 0) parts.push(`${bad} lines are no requests`);
  if (bodiless > 0) parts.push(`${bodiless} sent without the body that they had`);
  return [`Replay: ${parts.join(", ")}`];
}

function scheduleLines(result: LoadResult): string[] {
  if (result.requestedRate === null || result.measuredMs === 0) return [];
  const { counters } = result.stats;
  const scheduled = counters[Slot.scheduled];
  const started = scheduled - counters[Slot.unsent];
  const share = scheduled === 0 ? 1 : started / scheduled;
  const requested = requestedRate(result) ?? 0;
  const late = started === 0
    ? ""
    : `; sent late by ${formatTimeUs(Math.round(counters[Slot.lagSumUs] / started))} on average, ` +
      `${formatTimeUs(Math.round(counters[Slot.lagMaxUs]))} at most`;
  const lines = [
    `Rate: requested ${formatRate(requested)}/s, sent ${formatRate(requested * share)}/s ` +
    `(${(share * 100).toFixed(2)}%)${late}`,
  ];
  if (result.measuredMs >= shareMinMs) {
    lines.push(`Client CPU: ${percentOf(cpuShare(result))} of each thread`);
  }
  if (counters[Slot.unsent] > 0) {
    const why = isOurFault(result) ? "were not sent" : "found no free connection";
    lines.push(`Unsent: ${counters[Slot.unsent]} requests were due and ${why}`);
  }
  if (counters[Slot.warmupUnsent] > 0) {
    lines.push(
      `Warm-up: it did not keep the rate: ${
        counters[Slot.warmupUnsent]
      } of its requests were never ` +
        "sent, and are in no figure",
    );
  }
  return lines;
}

function percentileLines(
  result: LoadResult,
  output: Pick<OutputPlan, "percentiles" | "serviceTime">,
): string[] {
  const lines: string[] = [];
  if (output.percentiles.length > 0) {
    lines.push(
      "Latency percentiles:",
      ...percentileTable(result.stats.latency, output.percentiles),
    );
  }
  if (output.serviceTime) {
    const percents = output.percentiles.length > 0 ? output.percentiles : wrk2Percents;
    lines.push(
      "Service time, measured from the send (uncorrected for coordinated omission):",
      ...percentileTable(result.stats.serviceTime, percents),
    );
  }
  return lines;
}

function percentileTable(histogram: Histogram, percents: readonly number[]): string[] {
  const values = histogram.percentiles(percents);
  const width = Math.max(...percents.map((percent) => String(percent).length));
  return percents.map((percent, index) =>
    `  ${String(percent).padStart(width)}% ${
      (histogram.count === 0 ? "-" : formatTimeUs(values[index])).padStart(10)
    }`
  );
}

function failureLines(result: LoadResult): string[] {
  const total = errorsOf(result);
  if (total === 0) return [];
  const parts = failureKinds.flatMap((kind) => {
    const codes = result.failures.filter((failure) => failure.kind === kind);
    if (codes.length === 0) return [];
    const sum = codes.reduce((count, failure) => count + failure.count, 0);
    const detail = codes.map(({ code, count }) => codes.length === 1 ? code : `${code} ${count}`);
    return [`${kind} ${sum} (${detail.join(", ")})`];
  });
  return [`Failed requests: ${total}: ${parts.join(", ")}`];
}

/** Number of values that the text shows, most frequent first; JSON has all. */
const valuesShown = 20;

function answerLines({ answerCounts, groupBy }: LoadResult): string[] {
  if (answerCounts === null) return [];
  const counts = Object.entries(answerCounts).sort((a, b) => b[1] - a[1]);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const shown = counts.slice(0, valuesShown);
  const width = Math.max(0, ...shown.map(([value]) => value.length));
  const lines = shown.map(([value, count]) =>
    `  ${value.padEnd(width)} ${String(count).padStart(10)} ${(count / total * 100).toFixed(1)}%`
  );
  const rest = counts.length - shown.length;
  if (rest > 0) lines.push(`  and ${rest} more values`);
  return [`Responses by ${groupBy}:`, ...lines];
}

function connectionLines(result: LoadResult): string[] {
  const { counters } = result.stats;
  const lines: string[] = [];
  if (counters[Slot.retried] > 0) {
    lines.push(
      `Retried: ${counters[Slot.retried]} requests were lost with a kept connection that ended ` +
        "before the response, and were sent again (--retry)",
    );
  }
  const unmade = counters[Slot.failedConnect] + counters[Slot.failedRefused] +
    counters[Slot.failedProxy];
  if (counters[Slot.lost] + unmade > 0) {
    lines.push(
      `Connections: ${result.connections} requested, ${counters[Slot.opened]} made, ` +
        `${counters[Slot.lost]} lost, ${counters[Slot.open]} open at the end`,
    );
  }
  if (counters[Slot.backlogFull] > 0) {
    lines.push(
      `Accept queue: full at ${counters[Slot.backlogFull]} connects to the unix socket (EAGAIN), ` +
        "which were tried again",
    );
  }
  if (counters[Slot.answered] === 0 && counters[Slot.inFlight] > 0) {
    lines.push(`No response came; ${counters[Slot.inFlight]} requests were waiting at the end`);
  }
  return [...lines, ...portLines(result)];
}

/** Separate from latency, which starts once a connection is established. */
function handshakeLines({ isSecure, stats }: LoadResult): string[] {
  if (!isSecure) return [];
  const { connectTime, counters } = stats;
  if (connectTime.count === 0) return ["TLS handshakes: 0"];
  const [p50, p99] = connectTime.percentiles([50, 99]).map(formatTimeUs);
  return [
    `TLS handshakes: ${connectTime.count}, ${
      counters[Slot.tlsResumed]
    } of them resumed; connect and ` +
    `handshake took ${p50} (p50), ${p99} (p99)`,
  ];
}

function protocolLines({ streams, connections }: LoadResult): string[] {
  if (streams === null) return [];
  return [`Protocol: HTTP/2, ${streams} at once on each of ${connections} connections`];
}

/** Reports port exhaustion, with what to do about it. */
function portLines(result: LoadResult): string[] {
  const exhausted = result.stats.counters[Slot.portsExhausted];
  if (exhausted === 0) return [];
  const range = result.portRange;
  const ports = range === null
    ? ""
    : ` (${range[0]}-${range[1]}: ${range[1] - range[0] + 1} of them)`;
  const { counters } = result.stats;
  const noneClosed = counters[Slot.opened] > 0 && counters[Slot.opened] <= counters[Slot.open];
  const start = `Ephemeral ports: none was free${ports} at ${exhausted} connects, as ` +
    (noneClosed
      ? "the connections that are open hold them all"
      : "closed connections hold theirs for a minute in TIME_WAIT");
  return result.autoSources > 0
    ? [`${start}; continued from ${result.autoSources} more addresses of 127.0.0.0/8`]
    : [`${start}; use --source with more addresses${noneClosed ? "" : ", or --linger0"}`];
}

function clientLines(result: LoadResult): string[] {
  const share = cpuShare(result);
  if (result.requestedRate !== null) {
    if (!isSentLate(result.stats)) return [];
    return whyLate(result).map((reason) => `Client: ${reason}`);
  }
  if (share < busyShare || result.measuredMs < shareMinMs) return [];
  return [
    `Client CPU: ${percentOf(share)} of each thread was used: the client was ` +
    "the bottleneck, the server may be faster than this",
  ];
}
