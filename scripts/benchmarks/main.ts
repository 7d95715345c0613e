/** scripts/bench: compares hayate with the programs in common use, in one run. */
import type { Comparison, ThroughputComparison } from "./comparison.ts";
import { comparisons } from "./comparisons/all.ts";
import { figuresOf, ratioTo } from "./figures.ts";
import { describeHost } from "./host.ts";
import { measureRow, type Row } from "./measure.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import { stopEverything } from "./processes.ts";
import { findProgram, installPeers, preferPeers, remedy, versionOf } from "./programs.ts";
import { columnHeads, renderGaugeRow, renderRow } from "./report.ts";
import { summarize } from "./statistics.ts";
import { type GaugeRow, judgeGauge, judgeRow, renderVerdict } from "./verdict.ts";

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
    for (const { name, title } of comparisons) console.log(`  ${name.padEnd(20)}${title}`);
    return 0;
  }
  if (options.install) return await installPeers();
  if (options.peers !== null) preferPeers(options.peers);
  return await bench(options);
}

async function bench(options: BenchOptions): Promise<number> {
  const chosen = choose(options);
  const programs = new Set(["hayate", "wrk", ...chosen.flatMap(programsOf)]);
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
  const host = await describeHost();
  const versions: Record<string, string> = {};
  for (const program of programs) versions[program] = await versionOf(program);
  console.log(`${host.date}, ${host.cpu}, ${host.cores} cores, Linux ${host.kernel}`);
  console.log(`${options.runs} runs of ${options.seconds} s each, in turns; median and spread`);
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
  const { rows, failures } = await measureAll(chosen, options);
  console.log(`\n${renderGoals(rows)}`);
  const report = {
    host,
    versions,
    seconds: options.seconds,
    runs: options.runs,
    rows: rows.map(numbers),
  };
  if (options.json !== null) {
    await Deno.writeTextFile(options.json, JSON.stringify(report, null, 2) + "\n");
  }
  if (options.svg !== null) {
    const { renderChart } = await import("./chart.ts");
    await Deno.writeTextFile(options.svg, renderChart(rows.filter(isThroughput), host));
  }
  return failures === 0 ? 0 : 1;
}

/** Runs the rows in order and prints each result; a row that fails is reported and omitted. */
async function measureAll(chosen: readonly Comparison[], options: BenchOptions) {
  const rows: (Row | GaugeRow)[] = [];
  let failures = 0;
  for (const comparison of chosen) {
    const unit = comparison.judged === "gauge" ? comparison.unit : "";
    console.log(
      `\n${comparison.name}: ${comparison.title}\n${columnHeads(comparison.judged, unit)}`,
    );
    for (const { text, measure } of plannedRows(comparison, options)) {
      try {
        const row = await measure();
        showProgress("");
        console.log(isThroughput(row) ? renderRow(row) : renderGaugeRow(row));
        rows.push(row);
      } catch (error) {
        showProgress("");
        failures++;
        console.log(`  ${text}: ${(error as Error).message}`);
      }
    }
  }
  return { rows, failures };
}

/** The rows of one comparison, not measured yet. */
function plannedRows(
  comparison: Comparison,
  options: BenchOptions,
): { text: string; measure: () => Promise<Row | GaugeRow> }[] {
  if (comparison.judged !== "gauge") {
    return settingsOf(comparison, options).map(([transport, connections]) => ({
      text: `${transport}, ${connections} connections`,
      measure: () => measureRow(comparison, transport, connections, options, showProgress),
    }));
  }
  const { name, judged, unit } = comparison;
  return comparison.settings.map((setting) => ({
    text: setting.text,
    measure: async () => {
      const contenders = await setting.measure({ effort: options, progress: showProgress });
      return {
        comparison: name,
        judged,
        setting: setting.text,
        unit,
        goal: setting.goal,
        contenders,
      };
    },
  }));
}

function isThroughput(row: Row | GaugeRow): row is Row {
  return row.judged !== "gauge";
}

function choose({ only, all, quick }: BenchOptions): readonly Comparison[] {
  if (only.length > 0) return comparisons.filter(({ name }) => only.includes(name));
  return comparisons.filter(({ isCore }) => all || !quick || isCore);
}

function programsOf(comparison: Comparison): string[] {
  if (comparison.judged === "gauge") return [...comparison.programs];
  const fixed = comparison.judged === "client" ? comparison.target : comparison.upstream;
  return [...comparison.contenders, ...(fixed === undefined ? [] : [fixed])]
    .map(({ program }) => program);
}

function settingsOf(comparison: ThroughputComparison, { quick }: BenchOptions) {
  const counts = quick ? comparison.connections.slice(0, 1) : comparison.connections;
  return comparison.transports.flatMap((transport) =>
    counts.map((connections) => [transport, connections] as const)
  );
}

/** The number of goals met, and the goals that were missed. */
function renderGoals(rows: readonly (Row | GaugeRow)[]): string {
  const lines: string[] = [];
  let met = 0;
  for (const row of rows) {
    const verdict = isThroughput(row) ? judgeRow(row) : judgeGauge(row);
    if (verdict?.isMet) met++;
    if (verdict === null || verdict.isMet) continue;
    const where = isThroughput(row) ? `${row.transport}, ${row.connections}` : row.setting;
    lines.push(`  ${row.comparison}, ${where}\n${renderVerdict(verdict)}`);
  }
  const rest = lines.length === 0 ? "" : `; the others:\n${lines.join("\n")}`;
  return `goals: ${met} of ${met + lines.length} reached${rest}`;
}

/** A row with its medians, verdict and samples, for the JSON file. */
function numbers(row: Row | GaugeRow) {
  if (!isThroughput(row)) {
    return {
      ...row,
      contenders: row.contenders.map((contender) => ({
        ...contender,
        figure: contender.samples.length === 0 ? null : summarize(contender.samples),
      })),
      verdict: judgeGauge(row),
    };
  }
  return {
    ...row,
    contenders: row.contenders.map((contender, index) => ({
      ...contender,
      figures: figuresOf(row, contender),
      oursRequestsPerCpuSecondRatio: index === 0 ? null : ratioTo(row, index),
    })),
    verdict: judgeRow(row),
  };
}

/** A progress line that is overwritten; prints nothing without a terminal. */
function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}
