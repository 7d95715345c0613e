/** `hayate load merge`: merges the reports of several machines. */
import { Histogram } from "../../metrics/histogram.ts";
import { addAnswerCounts } from "../stats/answer_counts.ts";
import { StartError } from "../../base/errors.ts";
import type { Threshold } from "../plan/threshold.ts";
import type { LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import { Output, writeStderr, writeStdout } from "./outputs.ts";
import { additions } from "./report_additions.ts";
import { resultOf } from "./report_result.ts";
import { wrkHeader, wrkReport } from "./report_wrk.ts";
import { brokenThresholds } from "./verdict.ts";
import {
  failedByKind,
  type IntervalJson,
  type ReportJson,
  type RunJson,
} from "./json/report_json.ts";
import { histogramOf, type TimeJson, timeJson } from "./json/time_json.ts";
import { mergeEventStreams } from "./json/event_streams_json.ts";
import { mergeWebSockets } from "./json/web_sockets_json.ts";
import { mergePhases } from "./json/phases_json.ts";
import {
  type NamedReport,
  readReportsOfInput,
  readReportWithHistograms,
} from "./json/report_files.ts";
import { mergeFailures } from "../stats/failure_counts.ts";
import { measuredMsOf, ranTogether, timesOf } from "../stats/together.ts";

export interface MergeOptions {
  /** None, or "-": standard input. */
  readonly paths: readonly string[];
  /** Of the merged report, "-" for stdout. */
  readonly target: string;
  readonly thresholds: readonly Threshold[];
}

/**
 * Writes the sum of the reports, and its text where the report does not go: on stdout, else on stderr.
 * Returns whether no threshold is broken. Throws `StartError` for a bad report.
 */
export async function merge({ paths, target, thresholds }: MergeOptions): Promise<boolean> {
  const reports = (await readAll(paths)).map(({ report }) => report);
  if (reports.length < 2) {
    throw new StartError(`${reports.length} report found, at least 2 are needed to merge`);
  }
  const output = Output.open(target);
  const merged = await mergeReports(reports);
  const say = target === "-" ? writeStderr : writeStdout;
  for (const line of separateRuns(reports)) writeStderr(`${line}\n`);
  let isFine = true;
  for (const run of merged.runs) {
    const result = await resultOf(merged.plan, run);
    say(textOf(result));
    const broken = brokenThresholds(thresholds, result);
    for (const line of broken) writeStderr(`${line}\n`);
    if (broken.length > 0) isFine = false;
  }
  output.finish(`${JSON.stringify(merged, null, 2)}\n`);
  return isFine;
}

async function readAll(paths: readonly string[]): Promise<readonly NamedReport[]> {
  if (paths.length === 0) return await readReportsOfInput();
  const all: NamedReport[] = [];
  for (const path of paths) {
    if (path === "-") all.push(...await readReportsOfInput());
    else all.push(await readReportWithHistograms(path));
  }
  return all;
}

/** wrk's block, with its two lines at the top. */
function textOf(result: LoadResult): string {
  const { url, durationMs, threads, connections, stats } = result;
  const requestCount = stats.counters[Slot.answered];
  return wrkHeader(url, durationMs, threads, connections, requestCount) + wrkReport(result, false) +
    additions(result, { percentiles: [], serviceTime: false });
}

/** Plan and environment are taken from the first report. */
export async function mergeReports(reports: readonly ReportJson[]): Promise<ReportJson> {
  const count = Math.min(...reports.map(({ runs }) => runs.length));
  const runs: RunJson[] = [];
  for (let index = 0; index < count; index++) {
    runs.push(await mergeRuns(reports.map((report) => report.runs[index])));
  }
  const sum = (value: (report: ReportJson) => number) =>
    reports.reduce((total, report) => total + value(report), 0);
  const [first] = reports;
  return {
    ...first,
    environment: {
      ...first.environment,
      hostName: reports.map(({ environment }) => environment.hostName).join(" + "),
      cpuCount: sum(({ environment }) => environment.cpuCount),
    },
    plan: {
      ...first.plan,
      connections: sum(({ plan }) => plan.connections),
      threads: sum(({ plan }) => plan.threads),
      requestCount: first.plan.requestCount === null
        ? null
        : sum(({ plan }) => plan.requestCount ?? 0),
    },
    runs,
  };
}

/** One line for each run whose machines did not run at the same time. */
function separateRuns(reports: readonly ReportJson[]): string[] {
  const count = Math.min(...reports.map(({ runs }) => runs.length));
  return Array.from({ length: count }, (_, index) => {
    const runs = reports.map((report) => report.runs[index]);
    if (ranTogether(runs)) return "";
    const { commonMs, longestMs, spanMs } = timesOf(runs);
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    return `run ${index + 1}: the machines ran together for ${seconds(commonMs)} of ` +
      `${seconds(longestMs)}; its rates are those of the ${seconds(spanMs)} from the first start ` +
      "to the last end (--start-at starts them together)";
  }).filter((line) => line !== "");
}

/** Adds concurrent runs. Of runs at different times the rates are averages over all of the time. */
export async function mergeRuns(runs: readonly RunJson[]): Promise<RunJson> {
  const sum = (value: (run: RunJson) => number) =>
    runs.reduce((total, run) => total + value(run), 0);
  const measuredMs = measuredMsOf(runs);
  const seconds = Math.max(measuredMs, 1e-3) / 1000;
  const failures = mergeFailures(runs.flatMap((run) => run.failures));
  const requestsAnswered = sum((run) => run.requestsAnswered);
  const bytesRead = sum((run) => run.bytesRead);
  return {
    startedAt: runs.map((run) => run.startedAt).sort()[0],
    measuredMs,
    interrupted: runs.some((run) => run.interrupted),
    requestsPerSecond: measuredMs > 0 ? requestsAnswered / seconds : null,
    bytesReadPerSecond: measuredMs > 0 ? bytesRead / seconds : null,
    requestsSent: sum((run) => run.requestsSent),
    requestsAnswered,
    requestsFailed: sum((run) => run.requestsFailed),
    requestsRetried: sum((run) => run.requestsRetried),
    requestsInFlightAtEnd: sum((run) => run.requestsInFlightAtEnd),
    bytesRead,
    bytesSent: sum((run) => run.bytesSent),
    failedByKind: failedByKind(failures),
    failures,
    responsesByStatus: addCounts(runs.map((run) => run.responsesByStatus)),
    // Reports of older versions do not have it.
    responsesByFieldValue: addAnswerCounts(runs.map((run) => run.responsesByFieldValue ?? null)),
    latency: await mergeTimes(runs.map((run) => run.latency)),
    serviceTime: await mergeOptionalTimes(runs.map((run) => run.serviceTime)),
    connectTime: await mergeTimes(runs.map((run) => run.connectTime)),
    phases: await mergePhases(runs.map((run) => run.phases ?? null), mergeOptionalTimes),
    eventStreams: await mergeEventStreams(
      runs.map((run) => run.eventStreams ?? null),
      mergeTimes,
      measuredMs,
    ),
    webSockets: await mergeWebSockets(
      runs.map((run) => run.webSockets ?? null),
      mergeTimes,
      measuredMs,
    ),
    schedule: mergeSchedules(runs),
    replay: mergeReplays(runs),
    connections: addFields(runs.map((run) => run.connections)),
    client: {
      cpuUserMs: sum((run) => run.client.cpuUserMs),
      cpuSystemMs: sum((run) => run.client.cpuSystemMs),
      cpuShareOfThreads: Math.max(...runs.map((run) => run.client.cpuShareOfThreads)),
      scriptMs: runs.every((run) => run.client.scriptMs === null)
        ? null
        : sum((run) => run.client.scriptMs ?? 0),
    },
    intervals: mergeIntervals(runs),
    machines: null,
  };
}

async function mergeTimes(times: readonly TimeJson[]): Promise<TimeJson> {
  const all = new Histogram();
  for (const time of times) all.add(await histogramOf(time));
  const percents = times.flatMap(({ percentilesUs }) =>
    Object.keys(percentilesUs).map((name) => Number(name.slice(1)))
  );
  return await timeJson(all, percents);
}

async function mergeOptionalTimes(times: readonly (TimeJson | null)[]): Promise<TimeJson | null> {
  const present = times.filter((time) => time !== null);
  return present.length === 0 ? null : await mergeTimes(present);
}

function mergeReplays(runs: readonly RunJson[]): RunJson["replay"] {
  // Reports of older versions do not have it.
  const replays = runs.map((run) => run.replay ?? null).filter((replay) => replay !== null);
  return replays.length === 0 ? null : addFields(replays);
}

function mergeSchedules(runs: readonly RunJson[]): RunJson["schedule"] {
  const schedules = runs.map((run) => run.schedule).filter((schedule) => schedule !== null);
  if (schedules.length === 0) return null;
  const due = schedules.reduce((total, each) => total + each.requestsDue, 0);
  const unsent = schedules.reduce((total, each) => total + each.requestsUnsent, 0);
  const lag = schedules.reduce(
    (total, each) => total + (each.lagMeanUs ?? 0) * (each.requestsDue - each.requestsUnsent),
    0,
  );
  return {
    askedRequestsPerSecond: sumOf(schedules.map((each) => each.askedRequestsPerSecond)),
    sentRequestsPerSecond: sumOf(schedules.map((each) => each.sentRequestsPerSecond)),
    requestsDue: due,
    requestsUnsent: unsent,
    // Reports of older versions do not have it.
    warmupRequestsUnsent: schedules.reduce(
      (sum, each) => sum + (each.warmupRequestsUnsent ?? 0),
      0,
    ),
    lagMeanUs: due === unsent ? null : lag / (due - unsent),
    lagMaxUs: worstOf(schedules.map((each) => each.lagMaxUs)),
  };
}

/** The maximum of the values that exist; null: none. */
function worstOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** The sum of the values that exist; null: none. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

function mergeIntervals(runs: readonly RunJson[]): IntervalJson[] {
  const count = Math.max(...runs.map((run) => run.intervals.length));
  return Array.from({ length: count }, (_, index) => {
    const parts = runs.map((run) => run.intervals[index]).filter((part) => part !== undefined);
    const sum = (value: (part: IntervalJson) => number) =>
      parts.reduce((total, part) => total + value(part), 0);
    const worst = (value: (part: IntervalJson) => number) => Math.max(...parts.map(value));
    return {
      endMs: worst((part) => part.endMs),
      durationMs: worst((part) => part.durationMs),
      requests: sum((part) => part.requests),
      requestsPerSecond: sum((part) => part.requestsPerSecond),
      bytesRead: sum((part) => part.bytesRead),
      failed: sum((part) => part.failed),
      retried: sum((part) => part.retried),
      // Reports of older versions do not have it.
      received: sum((part) => part.received ?? 0),
      openConnections: sum((part) => part.openConnections),
      p50Us: worstOf(parts.map((part) => part.p50Us)),
      p90Us: worstOf(parts.map((part) => part.p90Us)),
      p99Us: worstOf(parts.map((part) => part.p99Us)),
      maxUs: worstOf(parts.map((part) => part.maxUs)),
    };
  });
}

function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [key, count] of Object.entries(counts)) total[key] = (total[key] ?? 0) + count;
  }
  return total;
}

/** Adds objects whose fields are all numbers. */
function addFields<T extends object>(all: readonly T[]): T {
  const total: Record<string, number> = {};
  for (const each of all) {
    for (const [key, value] of Object.entries(each)) total[key] = (total[key] ?? 0) + value;
  }
  return total as T;
}
