/** What cannot be combined with --replay. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import type { loadTable } from "./flags.ts";
import type { Target } from "../plan/target.ts";

type Options = ParsedOptions<typeof loadTable>;

/** Flags that say what is sent, or when: the log does. */
const excluded: readonly (readonly [key: string, flag: string])[] = [
  ["rate", "rate"],
  ["stages", "stages"],
  ["findRate", "find-rate"],
  ["script", "script"],
  ["template", "template"],
  ["urls", "urls"],
  ["method", "method"],
  ["body", "body"],
  ["bodyFile", "body-file"],
  ["pipeline", "pipeline"],
  ["http10", "http1.0"],
  ["on", "on"],
];

/** One line for each fault. */
export function replayFaults({ values, given }: Options, targets: readonly Target[]): string[] {
  if (values.replay === null) return given.has("speed") ? ["--speed needs --replay"] : [];
  const faults = excluded.filter(([key]) => given.has(key)).map(([, flag]) =>
    `--replay and --${flag} cannot be combined: the log says what is sent, and when`
  );
  if (targets.length > 1) faults.push("--replay needs exactly one URL");
  if (targets.length === 1 && targets[0].path !== "/") {
    faults.push(`URL ${targets[0].text}: with --replay it has no path: the log has the paths`);
  }
  return faults;
}
