/** Which rows a run measures, and how long they take. */
import type { Comparison, ThroughputComparison } from "./comparison.ts";
import { measureRow, type Row, secondsOf } from "./measure.ts";
import { comparedWithNewer } from "./newer.ts";
import type { BenchOptions } from "./options.ts";
import type { GaugeRow } from "./verdict.ts";

/** A row that is not measured yet. */
export interface PlannedRow {
  readonly text: string;
  /** About how long it takes. */
  readonly seconds: number;
  measure(progress: (text: string) => void): Promise<Row | GaugeRow>;
}

/** The comparisons of a run: those that were asked for, else all of them or the headlines. */
export function chosenOf(
  all: readonly Comparison[],
  options: BenchOptions,
): readonly Comparison[] {
  const { only, quick } = options;
  if (only.length > 0) return all.filter(({ name }) => only.includes(name));
  return all.filter(({ isCore }) => options.all || !quick || isCore);
}

/** The rows of one comparison. */
export function plannedRows(comparison: Comparison, options: BenchOptions): PlannedRow[] {
  if (comparison.judged === "gauge") return gaugeRows(comparison, options);
  if (comparison.judged !== "growth") return throughputRows(comparison, options);
  const { name, axis } = comparison;
  const most = comparison.valuesMax?.() ?? Infinity;
  const values = comparison.values.map((value) => Math.min(value, most));
  const chosen = options.quick ? [values[0], values[values.length - 1]] : values;
  return chosen.flatMap((number) =>
    throughputRows(comparison.at(number), options).map(({ text, seconds, measure }) => ({
      text: `${axis} ${number.toLocaleString("en")}: ${text}`,
      seconds,
      measure: async (progress) => {
        const row = await measure(progress) as Row;
        return { ...row, comparison: name, value: { number, axis } };
      },
    }))
  );
}

function throughputRows(comparison: ThroughputComparison, options: BenchOptions): PlannedRow[] {
  const { transports, connections } = comparison;
  const compared = comparedWithNewer(comparison);
  const run = secondsOf(comparison, options);
  return first(transports, options).flatMap((transport) =>
    first(connections, options).map((count) => ({
      text: `${transport}, ${count} connections`,
      // Starts, the first second, and what surrounds each run.
      seconds: compared.contenders.length * (2 + options.runs * (run + 0.2)),
      measure: (progress) => measureRow(compared, transport, count, options, progress),
    }))
  );
}

function first<T>(values: readonly T[], { quick }: BenchOptions): readonly T[] {
  return quick ? values.slice(0, 1) : values;
}

function gaugeRows(
  { name, judged, unit, settings }: Comparison & { judged: "gauge" },
  effort: BenchOptions,
): PlannedRow[] {
  return settings.map((setting) => ({
    text: setting.text,
    seconds: setting.secondsFor(effort),
    measure: async (progress) => {
      const contenders = await setting.measure({ effort, progress });
      const { text, goal } = setting;
      return { comparison: name, judged, setting: text, unit, goal, contenders };
    },
  }));
}

/** The programs of a comparison, without those that `--peers` adds. */
export function programsOf(comparison: Comparison): string[] {
  if (comparison.judged === "gauge") return [...comparison.programs];
  if (comparison.judged === "growth") return programsOf(comparison.at(comparison.values[0]));
  const fixed = comparison.judged === "client" ? comparison.targets : comparison.upstreams ?? [];
  return [...comparison.contenders, ...fixed].map(({ program }) => program);
}
