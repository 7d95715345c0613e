/** What a file of --plan asks for. */
import type { Position } from "../../config/tree.ts";
import type { LoadPlan } from "../plan/plan.ts";

export interface BenchPlan {
  readonly title: string;
  readonly entries: readonly BenchEntry[];
}

/** A run with a name; it may be repeated. */
export interface BenchEntry {
  readonly name: string;
  readonly at: Position;
  /** Its settings as words of a command line. */
  readonly argv: readonly string[];
  readonly plan: LoadPlan;
}
