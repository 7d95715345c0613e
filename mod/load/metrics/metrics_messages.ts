/** Messages between the main thread and the worker of `--metrics`. */
import type { Address } from "../../base/address.ts";
import type { ExtraTime } from "../plan/extra_times.ts";
import type { Stage } from "../plan/schedule.ts";

/** A run as the metrics see it. */
export interface MeteredRun {
  /** Of each thread; the threads write while the worker reads. */
  readonly memories: readonly SharedArrayBuffer[];
  readonly extraTimes: readonly ExtraTime[];
  /** The schedule of all threads together, with the warm-up; null: closed loop, or a log. */
  readonly stages: readonly Stage[] | null;
  readonly warmupMs: number;
  readonly isOpenLoop: boolean;
}

/** From the main thread. */
export type ToMetrics =
  | { readonly kind: "openMetrics"; readonly address: Address; readonly reactor: string }
  /** A run is ready; it may wait for its time. */
  | { readonly kind: "meter"; readonly run: MeteredRun }
  /** It starts, on the clock of `performance.timeOrigin + performance.now()`. */
  | { readonly kind: "meterStart"; readonly epochMs: number }
  | { readonly kind: "meterEnd" }
  | { readonly kind: "closeMetrics" };

export type FromMetrics =
  | { readonly kind: "metricsOpened" }
  | { readonly kind: "metricsClosed" };
