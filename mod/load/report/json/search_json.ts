/** What --find-rate found, in a JSON report. */
import type { SearchPlan } from "../../plan/plan.ts";

export interface SearchJson {
  /** As the user wrote them. */
  readonly conditions: readonly string[];
  readonly fromRequestsPerSecond: number;
  readonly toRequestsPerSecond: number;
  /** The highest rate that was confirmed; null: none. */
  readonly foundRequestsPerSecond: number | null;
  /** A rate above it failed because the client could not send it. */
  readonly isClientLimit: boolean;
  /** In the order in which they were tried. */
  readonly steps: readonly SearchStepJson[];
}

export interface SearchStepJson {
  readonly requestsPerSecond: number;
  /** It ran for longer. */
  readonly isConfirmation: boolean;
  readonly passed: boolean;
  /** Why it did not pass; null: it did. */
  readonly reason: string | null;
  /** Index of its run in `runs`. */
  readonly run: number;
}

export function searchJson(
  plan: SearchPlan,
  found: Pick<SearchJson, "foundRequestsPerSecond" | "isClientLimit" | "steps">,
): SearchJson {
  return {
    conditions: plan.conditions.map(({ text }) => text),
    fromRequestsPerSecond: plan.from,
    toRequestsPerSecond: plan.to,
    ...found,
  };
}
