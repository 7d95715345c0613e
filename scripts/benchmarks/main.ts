/** scripts/bench: hayate beside the programs that people use today, in one run. */
import type { Comparison } from "./comparison.ts";
import { comparisons } from "./comparisons/all.ts";
import { describeHost } from "./host.ts";
import { measureRow, type Row } from "./measure.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import { stopEverything } from "./processes.ts";
import { findProgram, installPeers, remedy, versionOf } from "./programs.ts";
import { columnHeads, figuresOf, ratioTo, renderRow } from "./report.ts";

/** A load average that two idle cores do not have. */
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
    for (const { name, title } of comparisons) console.log(`  ${name.padEnd(14)}${title}`);
    return 0;
  }
  if (options.install) return await installPeers();
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
  const rows: Row[] = [];
  let failures = 0;
  for (const comparison of chosen) {
    console.log(`\n${comparison.name}: ${comparison.title}\n${columnHeads(comparison.judged)}`);
    for (const [transport, connections] of settingsOf(comparison, options)) {
      try {
        const row = await measureRow(comparison, transport, connections, options, showProgress);
        showProgress("");
        console.log(renderRow(row));
        rows.push(row);
      } catch (error) {
        showProgress("");
        failures++;
        console.log(`  ${transport}, ${connections} connections: ${(error as Error).message}`);
      }
    }
  }
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
    await Deno.writeTextFile(options.svg, renderChart(rows, host));
  }
  return failures === 0 ? 0 : 1;
}

function choose({ only, all }: BenchOptions): readonly Comparison[] {
  if (only.length > 0) return comparisons.filter(({ name }) => only.includes(name));
  return comparisons.filter(({ isCore }) => all || isCore);
}

function programsOf(comparison: Comparison): string[] {
  const fixed = comparison.judged === "client" ? comparison.target : comparison.upstream;
  return [...comparison.contenders, ...(fixed === undefined ? [] : [fixed])]
    .map(({ program }) => program);
}

function settingsOf(comparison: Comparison, { quick }: BenchOptions) {
  const counts = quick ? comparison.connections.slice(0, 1) : comparison.connections;
  return comparison.transports.flatMap((transport) =>
    counts.map((connections) => [transport, connections] as const)
  );
}

/** A row with its medians beside the trials, for the JSON file. */
function numbers(row: Row) {
  return {
    ...row,
    contenders: row.contenders.map((contender, index) => ({
      ...contender,
      figures: figuresOf(row, contender),
      oursRequestsPerCpuSecondRatio: index === 0 ? null : ratioTo(row, index),
    })),
  };
}

/** One line that is overwritten; nothing where nobody looks at a terminal. */
function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}
