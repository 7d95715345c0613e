/** scripts/bench: compares hayate with the programs in common use, in one run. */
import type { Comparison } from "./comparison.ts";
import { comparisons } from "./comparisons/all.ts";
import { compileFloor } from "./floor.ts";
import { describeHost, type Host } from "./host.ts";
import type { Row } from "./measure.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import { raiseDescriptors, stopEverything } from "./processes.ts";
import {
  findProgram,
  installPeers,
  newerPeersFolder,
  newerProgram,
  remedy,
  useNewerPeers,
  versionOf,
} from "./programs.ts";
import { publish } from "./results/publish.ts";
import { type ComparisonRecord, numbersOf } from "./results/record.ts";
import { columnHeads, conditions, renderGaugeRow, renderRow } from "./report.ts";
import { chosenOf, type PlannedRow, plannedRows, programsOf } from "./rows.ts";
import { type GaugeRow, judge, renderVerdict } from "./verdict.ts";

const resultsFolder = new URL(".", import.meta.url).pathname.replace(/\/$/, "");

/** A load average above that of two idle cores. */
const busyLoad = 0.7;

Deno.exit(await main(Deno.args));

async function main(argv: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseOptions(argv, comparisons.map(({ name }) => name));
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    console.log("Comparisons:");
    for (const { name, title } of comparisons) console.log(`  ${name.padEnd(24)}${title}`);
    return 0;
  }
  if (options.install) return await installPeers();
  const peers = options.peers ?? newerPeersFolder();
  if (peers !== null) useNewerPeers(peers);
  return await bench(options);
}

async function bench(options: BenchOptions): Promise<number> {
  for (const fatal of ["hayate", "taskset"]) {
    if (findProgram(fatal) !== null) continue;
    console.error(`bench: ${fatal} is missing: ${remedy(fatal)}`);
    return 1;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      await stopEverything();
      Deno.exit(130);
    });
  }
  await raiseDescriptors();
  const floorFolder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
  try {
    return await benchBesideFloor(options, await compileFloor(floorFolder));
  } finally {
    await Deno.remove(floorFolder, { recursive: true });
  }
}

/** `noFloor`: why there is none. */
async function benchBesideFloor(options: BenchOptions, noFloor: string | null): Promise<number> {
  const chosen = chosenOf(comparisons, options);
  const planned = chosen.map((comparison) => ({
    comparison,
    rows: plannedRows(comparison, options),
  }));
  const host = await describeHost();
  const versions = await versionsOf(chosen);
  introduce(options, host, versions, noFloor, planned.flatMap(({ rows }) => rows));
  const { records, failures } = await measureAll(planned, options, host, versions);
  const rows = records.flatMap((record) => record.rows);
  console.log(`\n${renderGoals(rows)}`);
  const { seconds, runs } = options;
  const report = { host, versions, seconds, runs, rows: rows.map(numbersOf) };
  if (options.json !== null) {
    await Deno.writeTextFile(options.json, JSON.stringify(report, null, 2) + "\n");
  }
  if (options.svg !== null) {
    const { renderChart } = await import("./chart.ts");
    await Deno.writeTextFile(options.svg, renderChart(rows.filter(isThroughput), host));
  }
  if (options.results) console.log(`results: ${resultsFolder}/RESULTS.md`);
  return failures === 0 ? 0 : 1;
}

async function versionsOf(chosen: readonly Comparison[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const program of new Set(["hayate", "wrk", ...chosen.flatMap(programsOf)])) {
    if (program.startsWith("floor/")) continue;
    versions[program] = await versionOf(program);
    const newer = newerProgram(program);
    if (newer !== null) versions[`${program}, newer`] = await versionOf(newer);
  }
  return versions;
}

/** Prints what the figures below are of. */
function introduce(
  { runs, seconds }: BenchOptions,
  host: Host,
  versions: Readonly<Record<string, string>>,
  noFloor: string | null,
  planned: readonly PlannedRow[],
): void {
  console.log(`${host.date}, ${host.cpu}, ${host.cores} cores, Linux ${host.kernel}`);
  const minutes = Math.ceil(planned.reduce((sum, row) => sum + row.seconds, 0) / 60);
  const rows = planned.length === 1 ? "1 row" : `${planned.length} rows`;
  console.log(
    `${runs} runs of ${seconds} s each, in turns; medians, with quartiles in parentheses; ` +
      `${rows} in about ${minutes} min`,
  );
  if (host.loadBefore > busyLoad) {
    console.log(
      `note: the load average is ${host.loadBefore.toFixed(1)}: with others at work on this ` +
        "machine, requests/s mean little and CPU figures are too high",
    );
  }
  for (const [program, version] of Object.entries(versions)) {
    console.log(
      version === "missing"
        ? `${program} is missing: ${remedy(program)}`
        : `${program}: ${version}`,
    );
  }
  if (noFloor !== null) console.log(`no floor: ${noFloor}: ${remedy("cc")}`);
}

/** Runs the rows in order and prints each result; a row that fails is reported and omitted. */
async function measureAll(
  planned: readonly { comparison: Comparison; rows: readonly PlannedRow[] }[],
  { seconds, runs, results }: BenchOptions,
  host: Host,
  versions: Readonly<Record<string, string>>,
) {
  const records: ComparisonRecord[] = [];
  let failures = 0;
  for (const { comparison, rows } of planned) {
    const { name, title, judged } = comparison;
    const heads = judged === "gauge"
      ? columnHeads(judged, comparison.unit)
      : columnHeads(judged === "growth" ? "server" : judged);
    console.log(`\n${name}: ${title}\n${heads}`);
    const measured: (Row | GaugeRow)[] = [];
    for (const { text, measure } of rows) {
      try {
        const row = await measure(showProgress);
        showProgress("");
        console.log(isThroughput(row) ? renderRow(row) : renderGaugeRow(row));
        measured.push(row);
      } catch (error) {
        showProgress("");
        failures++;
        console.log(`  ${text}: ${(error as Error).message}`);
      }
    }
    const record = { comparison: name, title, host, versions, seconds, runs, rows: measured };
    records.push(record);
    // After each comparison, so that a run that is cut short has not been in vain.
    if (results) await publish(resultsFolder, comparisons, record);
  }
  return { records, failures };
}

function isThroughput(row: Row | GaugeRow): row is Row {
  return row.judged !== "gauge";
}

/** The number of goals met, and the goals that were missed. */
function renderGoals(rows: readonly (Row | GaugeRow)[]): string {
  const lines: string[] = [];
  let met = 0;
  let count = 0;
  for (const row of rows) {
    const verdicts = judge(row);
    const missed = verdicts.filter(({ isMet }) => !isMet);
    count += verdicts.length;
    met += verdicts.length - missed.length;
    if (missed.length === 0) continue;
    const where = isThroughput(row) ? conditions(row) : row.setting;
    lines.push(`  ${row.comparison}, ${where}`, ...missed.map(renderVerdict));
  }
  const rest = lines.length === 0 ? "" : `; the others:\n${lines.join("\n")}`;
  return `goals: ${met} of ${count} reached${rest}`;
}

/** A progress line that is overwritten; prints nothing without a terminal. */
function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}
