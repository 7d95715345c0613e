/** What --find-rate prints: a row for each rate, and the rate that it found. Pure. */
import type { SearchPlan } from "../plan/plan.ts";
import { errorsOf, type LoadResult } from "../stats/result.ts";
import { formatTimeUs } from "./figures/wrk_units.ts";

const percents = [50, 90, 99];

/** A rate as people write it, without needless digits: `5200`, `0.5`. */
export function formatRate(rate: number): string {
  return String(Number(rate.toPrecision(6)));
}

function conditionsOf({ conditions }: SearchPlan): string {
  return conditions.map(({ text }) => text.replaceAll(" ", "")).join(" and ");
}

/** The lines before the first row. */
export function searchHeader(
  plan: SearchPlan,
  url: string,
  times: { readonly stepMs: number; readonly warmupMs: number },
): string {
  const seconds = (ms: number) => `${ms / 1000} s`;
  const cells = ["Rate/s", "p50", "p90", "p99", "Max", "Failed"];
  return `Finding the highest rate with ${conditionsOf(plan)} @ ${url}\n` +
    `  ${formatRate(plan.from)} to ${formatRate(plan.to)} requests/s, ${seconds(times.stepMs)} ` +
    `each after ${seconds(times.warmupMs)} of warm-up\n` +
    `${cells.map((cell) => cell.padStart(10)).join("")}  Result\n`;
}

/** One rate that was tried; `reason` says why it has not passed, null: it has. */
export function stepRow(
  rate: number,
  result: LoadResult,
  reason: string | null,
  isConfirmation: boolean,
): string {
  const { latency } = result.stats;
  const times = [...latency.percentiles(percents), latency.maxUs]
    .map((us) => latency.count === 0 ? "-" : formatTimeUs(us));
  const cells = [formatRate(rate), ...times, String(errorsOf(result))];
  const verdict = reason === null ? (isConfirmation ? "confirmed" : "yes") : `no: ${reason}`;
  return `${cells.map((cell) => cell.padStart(10)).join("")}  ${verdict}\n`;
}

/** The last lines; the very last one begins with the number. */
export function searchEnd(
  plan: SearchPlan,
  found: number | null,
  isClientLimit: boolean,
  isUnconfirmed: boolean,
): string {
  const lines: string[] = [];
  if (isClientLimit) {
    const where = found === null ? "" : " above it";
    lines.push(
      `The client was the limit${where}: the server may do more. Use more threads (-t) or machines`,
    );
  } else if (found === plan.to) {
    lines.push("It is the highest rate that was to be tried (--to)");
  }
  if (isUnconfirmed) lines.push("Interrupted: the rate has passed, but is not confirmed");
  const { from } = plan;
  lines.push(
    found === null
      ? `0 requests/s: ${formatRate(from)}/s, the lowest rate (--from), fails ${conditionsOf(plan)}`
      : `${formatRate(found)} requests/s with ${conditionsOf(plan)}`,
  );
  return lines.map((line) => `${line}\n`).join("");
}
