/** Reads JSON reports that `--json` wrote. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { jsonComplaint, shapeFaultOf } from "../../../base/shape.ts";
import { basename } from "../../../std/path.ts";
import { type ReportJson, type RunJson, schemaName } from "./report_json.ts";
import { histogramOf, type TimeJson } from "./time_json.ts";
import { reportShape } from "./report_shape.ts";
import { splitReports } from "./report_stream.ts";

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
  const name = basename(path, ".json");
  return { name, path, report };
}

/** As `readReport`, and its histograms can be decoded. */
export async function readReportWithHistograms(path: string): Promise<NamedReport> {
  return await withHistograms(readReport(path));
}

/** The reports of standard input, one after another. Throws `StartError`. */
export async function readReportsOfInput(): Promise<NamedReport[]> {
  const text = await new Response(Deno.stdin.readable).text();
  const texts = splitReports(text);
  if (typeof texts === "string") throw new StartError(`standard input: ${texts}`, 1);
  const reports: NamedReport[] = [];
  for (const [index, one] of texts.entries()) {
    const path = `standard input, report ${index + 1}`;
    reports.push(await withHistograms({ name: path, path, report: parse(path, one) }));
  }
  return reports;
}

async function withHistograms(named: NamedReport): Promise<NamedReport> {
  for (const [index, run] of named.report.runs.entries()) {
    await checkHistograms(named.path, `runs[${index}]`, run);
  }
  return named;
}

/** Throws `StartError` when a histogram of the run cannot be decoded. */
export async function checkHistograms(path: string, at: string, run: RunJson): Promise<void> {
  await checkHistogram(path, `${at}.latency`, run.latency);
  await checkHistogram(path, `${at}.serviceTime`, run.serviceTime);
  await checkHistogram(path, `${at}.connectTime`, run.connectTime);
  for (const [name, time] of Object.entries(run.phases ?? {})) {
    await checkHistogram(path, `${at}.phases.${name}`, time);
  }
}

async function checkHistogram(path: string, at: string, time: TimeJson | null): Promise<void> {
  if (time === null) return;
  try {
    await histogramOf(time);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new StartError(`${path}: ${at}.hdrV2Base64: ${cause.message}`, 1, { cause });
  }
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
    throw new StartError(`${path}: not JSON: ${jsonComplaint(cause)}`, 1, { cause });
  }
  if (value === null || typeof value !== "object" || value.schema !== schemaName) {
    throw new StartError(`${path}: not a report of hayate load --json (schema ${schemaName})`, 1);
  }
  if (Array.isArray(value.runs) && value.runs.length === 0) {
    throw new StartError(`${path}: the report has no run in it`, 1);
  }
  const fault = shapeFaultOf(value, reportShape, "the report");
  if (fault !== null) throw new StartError(`${path}: ${fault}`, 1);
  return value as ReportJson;
}
