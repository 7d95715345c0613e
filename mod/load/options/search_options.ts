/** The options of --find-rate. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import type { loadTable } from "./flags.ts";
import type { SearchPlan } from "../plan/plan.ts";

type Options = ParsedOptions<typeof loadTable>;

/** How long each rate is tried unless -d and --warmup say otherwise. */
export const searchDurationMs = 5000;
export const searchWarmupMs = 1000;

const fromDefault = 100;
const toDefault = 1_000_000;
/** The answers of a slow server must not keep a rate from being sent. */
const searchConnections = 100;
const usualConnections = 10;

export function connectionsOf({ connections, findRate }: Options["values"]): number {
  return connections ?? (findRate.length > 0 ? searchConnections : usualConnections);
}

/** null without --find-rate. Adds what cannot be combined with it to `errors`. */
export function searchOf({ values, given }: Options, errors: string[]): SearchPlan | null {
  if (values.findRate.length === 0) {
    for (const flag of ["from", "to"]) {
      if (given.has(flag)) errors.push(`--${flag} needs --find-rate`);
    }
    return null;
  }
  const excluded = ["rate", "stages", "requests", "pipeline", "repeat", "failIf", "drainMs"];
  const names: Readonly<Record<string, string>> = { failIf: "fail-if", drainMs: "drain" };
  for (const key of [...excluded, "csv", "hdr", "timeseries", "live"]) {
    if (!given.has(key)) continue;
    errors.push(`--find-rate and --${names[key] ?? key} cannot be combined: it runs many times`);
  }
  const from = values.from ?? Math.min(fromDefault, values.to ?? fromDefault);
  const to = values.to ?? Math.max(toDefault, from);
  if (from > to) errors.push(`--from ${from} is greater than --to ${to}`);
  return { conditions: values.findRate, from, to };
}
