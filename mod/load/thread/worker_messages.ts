/** Messages between the main thread and its workers. */
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";
import type { FromMetrics, ToMetrics } from "../metrics/metrics_messages.ts";
import type { FromMainHooks, ToMainHooks } from "../script/main_hook_messages.ts";

/** From the main thread to a worker. */
export type ToWorker =
  | {
    readonly kind: "plan";
    readonly plan: ThreadPlan;
    readonly memory: SharedArrayBuffer;
    /** Memory of the script's mark. */
    readonly mark: SharedArrayBuffer;
  }
  /** On the clock of `performance.timeOrigin + performance.now()`. */
  | { readonly kind: "start"; readonly epochMs: number }
  | { readonly kind: "stop" }
  /** Answered with a pong. */
  | { readonly kind: "ping" }
  | ToMainHooks
  | ToMetrics;

/** From a worker to the main thread. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "pong" }
  | { readonly kind: "done"; readonly outcome: ThreadOutcome }
  | { readonly kind: "failed"; readonly message: string; readonly exitCode: number }
  | FromMainHooks
  | FromMetrics;
