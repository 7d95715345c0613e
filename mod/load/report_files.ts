/** Reads JSON reports that `--json` wrote. */
import { exitCodes, StartError } from "../base/errors.ts";
import { type ReportJson, schemaName } from "./report_json.ts";

/** A report with the name of its file. */
export interface NamedReport {
  /** The file's name without its folder and `.json`. */
  readonly name: string;
  readonly path: string;
  readonly report: ReportJson;
}

/** Throws `StartError` when a file is missing or is no report. */
export function readReport(path: string): NamedReport {
  const report = parse(path, readText(path));
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.json$/, "");
  return { name, path, report };
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "no such file"
      : (cause as Error).message;
    throw new StartError(`${path}: ${reason}`, exitCodes.failed, { cause });
  }
}

function parse(path: string, text: string): ReportJson {
  let value: Partial<ReportJson> | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StartError(`${path}: not JSON: ${(cause as Error).message}`, 1, { cause });
  }
  if (value === null || typeof value !== "object" || value.schema !== schemaName) {
    throw new StartError(`${path}: not a report of hayate load --json (schema ${schemaName})`, 1);
  }
  if (!Array.isArray(value.runs) || value.runs.length === 0) {
    throw new StartError(`${path}: the report has no run in it`, 1);
  }
  return value as ReportJson;
}
