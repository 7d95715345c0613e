/** The outcome of a stage of scripts/test, and how it is printed. */

/** The counts of one stage or of the whole run. */
export interface Outcome {
  passed: number;
  failed: number;
  /** Names of tests skipped because of a missing program. */
  skipped: string[];
  /** Full reports of failures; empty when nothing failed. */
  reports: string[];
}

/** An outcome before anything has run. */
export function emptyOutcome(): Outcome {
  return { passed: 0, failed: 0, skipped: [], reports: [] };
}

/** Adds `part` to `total`. */
export function addOutcome(total: Outcome, part: Outcome): void {
  total.passed += part.passed;
  total.failed += part.failed;
  total.skipped.push(...part.skipped);
  total.reports.push(...part.reports);
}

/** `N passed, N failed`, and `, N skipped` when something was: the last line of scripts/test. */
export function formatCounts(outcome: Outcome): string {
  const counts = `${outcome.passed} passed, ${outcome.failed} failed`;
  return outcome.skipped.length === 0 ? counts : `${counts}, ${outcome.skipped.length} skipped`;
}

/** One line per stage: name, counts, duration. */
export function formatStage(name: string, outcome: Outcome, durationMs: number): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  return `${name.padEnd(10)}${formatCounts(outcome).padEnd(40)}${seconds.padStart(8)}`;
}

/** `name [needs program]` of tests/support/peers.ts as `skipped: name needs program`. */
export function formatSkipped(name: string): string {
  return `skipped: ${name.replace(/ \[needs (.*)\]$/, " needs $1")}`;
}

/** A failure's report, set off from the lines of the stages. */
export function formatReport(report: string): string {
  return `\n--- ${report}\n`;
}

/** A report by its first line, the name of the file or check: `failed: NAME`. */
export function formatFailed(report: string): string {
  return `failed: ${report.split("\n", 1)[0]}`;
}

/** 0 only when something ran and nothing failed. */
export function exitCodeOf(outcome: Outcome): number {
  return outcome.failed === 0 && outcome.passed > 0 ? 0 : 1;
}
