/** The flags of `--on`, and the flags that do not go with it. */
import type { ParsedOptions } from "../../cli/mod.ts";
import type { loadTable } from "./flags.ts";
import { connectionsOf } from "./search_options.ts";
import { type FleetPlan, machineCount, type Place } from "../plan/place.ts";
import type { Target } from "../plan/target.ts";

type Options = ParsedOptions<typeof loadTable>;

const defaultGatherMs = 120_000;
const defaultImage = "hayate";

/** null without --on. Adds what is wrong to `errors`. */
export function fleetOf(
  { values, given }: Options,
  targets: readonly Target[],
  errors: string[],
): FleetPlan | null {
  const place = values.on;
  if (place === null) {
    for (const [key, flag] of ownFlags) if (given.has(key)) errors.push(`--${flag} needs --on`);
    return null;
  }
  errors.push(...faultsOf(place, values, targets));
  return {
    place,
    engineWords: values.onOption,
    image: values.image ?? defaultImage,
    lostMax: values.allowLost,
    gatherMs: values.onTimeoutMs ?? defaultGatherMs,
  };
}

const ownFlags: readonly (readonly [key: string, flag: string])[] = [
  ["onOption", "on-option"],
  ["image", "image"],
  ["allowLost", "allow-lost"],
  ["onTimeoutMs", "on-timeout"],
];

function faultsOf(place: Place, values: Options["values"], targets: readonly Target[]): string[] {
  const faults: string[] = [];
  const machines = machineCount(place);
  const cannot = (flag: string, why: string) =>
    faults.push(`--${flag} cannot be combined with --on ${place.kind}: ${why}`);
  if (values.unixSocket !== null) cannot("unix-socket", "a unix socket is on one machine");
  for (const { text, unixPath } of targets) {
    if (unixPath !== null) faults.push(`URL ${text}: with --on it cannot be a unix socket`);
  }
  if (values.findRate.length > 0) cannot("find-rate", "it searches on one machine");
  if (values.metrics !== null) cannot("metrics", "what other machines count arrives at the end");
  if (values.source.length > 0) cannot("source", "each machine has its own addresses");
  if (place.kind === "ssh" && values.image !== null) cannot("image", "it copies this program");
  const threads = machines * values.threads;
  const connections = connectionsOf(values);
  if (connections < threads) {
    const each = values.threads === 1 ? "" : `, with ${values.threads} threads each`;
    faults.push(
      `--connections ${connections} is too few for ${machines} machines${each}: ` +
        `at least ${threads} are needed`,
    );
  }
  if (values.allowLost >= machines) {
    faults.push(`--allow-lost ${values.allowLost} leaves none of ${machines} machines`);
  }
  return faults;
}
