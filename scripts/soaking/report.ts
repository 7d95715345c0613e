/** The table at the end of a soak. Pure. */
import type { ClientResult } from "./load.ts";
import type { Failures, Happened, Sample, Stretch } from "./verdict.ts";

/** Seconds with unexplained failures listed at most; further ones are only counted. */
const shownMax = 5;

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  readonly clients: readonly ClientResult[];
  readonly happened: readonly Happened[];
  readonly failures: Failures;
  readonly apiRefusals: readonly string[];
  readonly first: Sample;
  readonly last: Sample;
  readonly growths: readonly string[];
  readonly stretches: readonly Stretch[];
  readonly generations: number;
}

export function hasPassed({ failures, growths, apiRefusals }: SoakResult): boolean {
  return failures.unexplained.length === 0 && growths.length === 0 && apiRefusals.length === 0;
}

export function renderText(result: SoakResult): string {
  return [
    `soak: ${result.minutes} minutes, seed ${result.seed}`,
    ...clientLines(result),
    ...troubleLines(result),
    ...failureLines(result),
    ...resourceLines(result),
    ...latencyLines(result.stretches),
    `${hasPassed(result) ? "PASS" : "FELL SHORT"}: ${verdictText(result)}`,
  ].join("\n") + "\n";
}

function clientLines({ clients }: SoakResult): string[] {
  return [
    "  requests",
    ...clients.map((client) => {
      const kinds = Object.entries(client.failedByKind).filter(([, count]) => count > 0)
        .map(([kind, count]) => `${kind} ${count}`).join(", ");
      return `    ${client.name.padEnd(29)}${number(client.answered).padStart(11)} answered` +
        `${number(client.failed).padStart(7)} failed${kinds === "" ? "" : ` (${kinds})`}` +
        `, ${number(client.unsent)} unsent`;
    }),
  ];
}

function troubleLines({ happened, generations }: SoakResult): string[] {
  const counts = new Map<string, number>();
  for (const { kind } of happened) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const lines = [...counts].map(([kind, count]) => `    ${kind.padEnd(34)}${count}`);
  return [`  trouble (${generations} generations)`, ...lines.sort()];
}

function failureLines({ failures }: SoakResult): string[] {
  const lines = Object.entries(failures.explained).map(([kind, count]) =>
    `    held by what was killed (${kind}): ${count}`
  );
  const unexplained = failures.unexplained.reduce((sum, { count }) => sum + count, 0);
  return ["  failures by cause", ...lines, `    unexplained: ${unexplained}`];
}

function resourceLines({ first, last }: SoakResult): string[] {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const row = (what: string, before: string, after: string) =>
    `    ${what.padEnd(34)}${before.padStart(10)}${after.padStart(10)}`;
  return [
    row("held", "start", "end").replace("    held", "  held  "),
    row("processes", `${first.processes}`, `${last.processes}`),
    row(
      "supervisor, descriptors",
      `${first.supervisorDescriptors}`,
      `${last.supervisorDescriptors}`,
    ),
    row(
      "supervisor, private memory",
      megabytes(first.supervisorBytes),
      megabytes(last.supervisorBytes),
    ),
    row("proxy, descriptors", `${first.descriptors}`, `${last.descriptors}`),
    row("proxy, private memory", megabytes(first.bytes), megabytes(last.bytes)),
  ];
}

function latencyLines(list: readonly Stretch[]): string[] {
  const ms = (us: number) => `${(us / 1000).toFixed(1)} ms`.padStart(11);
  const head = "  latency from      requests  failed        p50        p99        max";
  return [
    head,
    ...list.map((stretch) => {
      const minutes = `${(stretch.fromMs / 60_000).toFixed(1)} min`.padStart(12);
      return `${minutes}${number(stretch.requests).padStart(14)}${
        number(stretch.failed).padStart(8)
      }${ms(stretch.p50Us)}${ms(stretch.p99Us)}${ms(stretch.maxUs)}`;
    }),
  ];
}

function verdictText({ failures, growths, apiRefusals }: SoakResult): string {
  const faults = [
    ...failures.unexplained.slice(0, shownMax).map(({ atMs, count }) =>
      `${count} failed at ${new Date(atMs).toISOString()} without a kill`
    ),
    ...(failures.unexplained.length > shownMax
      ? [`and in ${failures.unexplained.length - shownMax} more seconds`]
      : []),
    ...growths.map((line) => `growth of ${line}`),
    ...apiRefusals.map((kind) => `the API refused: ${kind}`),
  ];
  return faults.length === 0 ? "no unexplained failure, no growth" : faults.join("; ");
}

function number(value: number): string {
  return value.toLocaleString("en");
}
