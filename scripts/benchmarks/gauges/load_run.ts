/** One run of `hayate load` beside a server, read from its JSON. */
import { targetArgs } from "../contenders/hayate_load.ts";
import type { Target } from "../comparison.ts";
import { runPinned } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore } from "../test_bed.ts";

/** The fields used from a run of schema hayate-load/1. */
export interface LoadRun {
  readonly requestsPerSecond: number;
  readonly requestsSent: number;
  readonly requestsAnswered: number;
  readonly requestsFailed: number;
  readonly failures: readonly { kind: string; code: string; count: number }[];
  readonly latency: { readonly percentilesUs: Readonly<Record<string, number>> };
  readonly client: { readonly cpuUserMs: number; readonly cpuSystemMs: number };
  readonly schedule: { readonly requestsDue: number; readonly requestsUnsent: number } | null;
}

/** Arguments of a run whose report `readLoadRun` can parse. */
export function loadArgs(target: Target, flags: readonly string[]): string[] {
  return ["load", "--json", "-", "-t1", ...flags, ...targetArgs(target)];
}

/** Parses the output of a run with `loadArgs`. */
export function readLoadRun(output: string): LoadRun {
  return (JSON.parse(output) as { runs: LoadRun[] }).runs[0];
}

/** Loads the target from the clients' core. Throws when it cannot. */
export async function loadOnce(target: Target, flags: readonly string[]): Promise<LoadRun> {
  const { output } = await runPinned(clientCore, findProgram("hayate")!, loadArgs(target, flags));
  return readLoadRun(output);
}
