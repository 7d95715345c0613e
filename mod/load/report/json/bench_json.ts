/** The JSON report of --plan: written after each run, read again by --resume and by plot. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { sha256 } from "../../../base/sha256.ts";
import {
  count,
  jsonComplaint,
  list,
  oneOf,
  record,
  type Shape,
  shapeFaultOf,
  text,
} from "../../../base/shape.ts";
import { checkHistograms } from "./report_files.ts";
import type { EnvironmentJson, PlanJson, RunJson } from "./report_json.ts";
import { environmentShape, planShape, runShape } from "./report_shape.ts";

export const benchSchemaName = "hayate-load-plan/1";

export interface BenchJson {
  readonly schema: typeof benchSchemaName;
  readonly title: string;
  readonly environment: EnvironmentJson;
  /** In the order of the file. */
  readonly entries: readonly BenchEntryJson[];
}

export interface BenchEntryJson {
  readonly name: string;
  /** SHA-256 of its settings: another run under the same name is measured again. */
  readonly settingsSha256: string;
  readonly plan: PlanJson;
  /** How many runs it has when it is complete. */
  readonly repeat: number;
  readonly runs: readonly RunJson[];
  /** The conditions of fail-if that held, one line each. */
  readonly brokenThresholds: readonly string[];
}

const shape: Shape = record<BenchJson>({
  schema: oneOf(benchSchemaName),
  title: text,
  environment: environmentShape,
  entries: list(record<BenchEntryJson>({
    name: text,
    settingsSha256: text,
    plan: planShape,
    repeat: count,
    runs: list(runShape),
    brokenThresholds: list(text),
  })),
});

/** Whether a file says that it is a report of a plan; the rest of it may be broken. */
export function hasBenchSchema(path: string): boolean {
  return readText(path)?.slice(0, 100).includes(`"${benchSchemaName}"`) ?? false;
}

/** Reads a report, and checks all of it; null when there is no such file. Throws `StartError`. */
export async function readBenchJson(path: string): Promise<BenchJson | null> {
  const source = readText(path);
  if (source === null) return null;
  let value: BenchJson;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw fault(path, `not JSON: ${jsonComplaint(cause)}`, cause);
  }
  const wrong = shapeFaultOf(value, shape, "the report");
  if (wrong !== null) throw fault(path, `not a report of hayate load --plan: ${wrong}`);
  for (const [index, entry] of value.entries.entries()) {
    for (const [each, run] of entry.runs.entries()) {
      await checkHistograms(path, `entries[${index}].runs[${each}]`, run);
    }
  }
  return value;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw fault(path, (cause as Error).message, cause);
  }
}

function fault(path: string, what: string, cause?: unknown): StartError {
  return new StartError(`${path}: ${what}`, exitCodes.failed, { cause });
}

/** The digest by which a run is known again. */
export async function settingsDigest(argv: readonly string[]): Promise<string> {
  return await sha256(JSON.stringify(argv));
}
