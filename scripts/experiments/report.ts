/** An experiment's results beside those of the original of January 2015. Pure. */
import type { Host } from "../benchmarks/host.ts";

/** One line of the table. */
export interface Row {
  readonly what: string;
  /** The original's result; "" where it has none. */
  readonly original: string;
  readonly found: string;
  /** Why this misses its goal; null when it does not. */
  readonly short: string | null;
}

/** Everything about one run of an experiment. */
export interface Result {
  readonly name: string;
  readonly question: string;
  readonly rows: readonly Row[];
  /** Differences from the original, and what could not be done here. */
  readonly notes: readonly string[];
  /** Path of the chart; null without one. */
  readonly picture: string | null;
  /** The underlying figures, for the JSON. */
  readonly figures: unknown;
  readonly durationMs: number;
}

/** A row without a goal. */
export function measured(what: string, original: string, found: string): Row {
  return { what, original, found, short: null };
}

/** A row with a goal; misses it with `why` unless `isMet`. */
export function judged(
  what: string,
  original: string,
  found: string,
  isMet: boolean,
  why: string,
): Row {
  return { what, original, found, short: isMet ? null : why };
}

export function hasPassed({ rows }: Result): boolean {
  return rows.every((row) => row.short === null);
}

/** The table, the notes and the verdict. */
export function renderText(result: Result): string {
  const head = { what: "", original: "original, 2015", found: "here", short: null };
  const lines = [head, ...result.rows];
  const width = (of: (row: Row) => string) => Math.max(...lines.map((row) => of(row).length));
  const [first, second] = [width((row) => row.what), width((row) => row.original)];
  const table = lines.map((row) =>
    `  ${row.what.padEnd(first)}  ${row.original.padEnd(second)}  ${row.found}`.trimEnd()
  );
  const short = result.rows.filter((row) => row.short !== null);
  return [
    `${result.name}: ${result.question}`,
    ...table,
    ...result.notes.map((note) => `  note: ${note}`),
    ...(result.picture === null ? [] : [`  picture: ${result.picture}`]),
    ...short.map((row) => `  FELL SHORT: ${row.what}: ${row.short}`),
    `${hasPassed(result) ? "PASS" : "FELL SHORT"} ${result.name} ` +
    `(${(result.durationMs / 1000).toFixed(0)} s)`,
  ].join("\n") + "\n";
}

export function renderJson(result: Result, host: Host): string {
  const document = { schema: "hayate-experiment/1", passed: hasPassed(result), host, ...result };
  return JSON.stringify(document, null, 2) + "\n";
}
