/** The phases of connections and requests in a JSON report, and their sum over several machines. */
import { Histogram } from "../../../metrics/histogram.ts";
import type { ExtraTime } from "../../plan/extra_times.ts";
import type { LoadResult } from "../../stats/result.ts";
import { histogramOf, type TimeJson, timeJson } from "./time_json.ts";

/** Null where there was none: DNS without a name to look up, TLS without https. */
export interface PhasesJson {
  /** Lookups of names, before the run. */
  readonly dns: TimeJson | null;
  /** Connections, without TLS. */
  readonly connect: TimeJson | null;
  readonly tls: TimeJson | null;
  /** Requests: from the send to the first byte of the response. */
  readonly firstByte: TimeJson | null;
  /** Responses: from their first byte to the last one. */
  readonly transfer: TimeJson | null;
}

export type PhaseName = keyof PhasesJson;

/** In the order of their time. */
export const phaseNames: readonly PhaseName[] = ["dns", "connect", "tls", "firstByte", "transfer"];

/** What each phase is called where people read it. */
export const phaseTitles: Readonly<Record<PhaseName, string>> = {
  dns: "DNS",
  connect: "Connect",
  tls: "TLS",
  firstByte: "First byte",
  transfer: "Transfer",
};

/** Where a run counts each; null: not by its threads. */
export const phaseTimes: Readonly<Record<PhaseName, ExtraTime | null>> = {
  dns: null,
  connect: "transportConnect",
  tls: "tlsHandshake",
  firstByte: "firstByte",
  transfer: "transfer",
};

/** The histogram of a phase, which may be empty; null: phases were not measured. */
export function phaseHistogram(result: LoadResult, name: PhaseName): Histogram | null {
  const time = phaseTimes[name];
  return time === null ? result.lookupTime : result.stats.extra.get(time) ?? null;
}

/** null without --phases. */
export async function phasesJson(
  result: LoadResult,
  percents: readonly number[],
): Promise<PhasesJson | null> {
  if (result.lookupTime === null) return null;
  return await mapPhases(async (name) => {
    const histogram = phaseHistogram(result, name);
    return histogram === null || histogram.count === 0 ? null : await timeJson(histogram, percents);
  });
}

/** The sum of the phases that were measured; null when none were. */
export async function mergePhases(
  all: readonly (PhasesJson | null)[],
  add: (times: readonly (TimeJson | null)[]) => Promise<TimeJson | null>,
): Promise<PhasesJson | null> {
  const known = all.filter((phases) => phases !== null);
  if (known.length === 0) return null;
  return await mapPhases((name) => add(known.map((phases) => phases[name])));
}

/** The histogram of a report's phase; empty when the report has none. */
export async function decodedPhase(
  phases: PhasesJson | null,
  name: PhaseName,
): Promise<Histogram> {
  const time = phases?.[name] ?? null;
  return time === null ? new Histogram() : await histogramOf(time);
}

async function mapPhases(
  make: (name: PhaseName) => Promise<TimeJson | null>,
): Promise<PhasesJson> {
  const entries: [PhaseName, TimeJson | null][] = [];
  for (const name of phaseNames) entries.push([name, await make(name)]);
  return Object.fromEntries(entries) as unknown as PhasesJson;
}
