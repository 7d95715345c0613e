/** What passes between the main thread and its workers. */
import type { ThreadOutcome, ThreadPlan } from "../plan/thread_plan.ts";
import type { FromMainHooks, ToMainHooks } from "../script/main_hook_messages.ts";

/** What the main thread tells a worker. */
export type ToWorker =
  | {
    readonly kind: "plan";
    readonly plan: ThreadPlan;
    readonly memory: SharedArrayBuffer;
    /** Of the script's mark. */
    readonly mark: SharedArrayBuffer;
  }
  /** On the clock of `performance.timeOrigin + performance.now()`. */
  | { readonly kind: "start"; readonly epochMs: number }
  | { readonly kind: "stop" }
  /** Who is alive answers with a pong. */
  | { readonly kind: "ping" }
  | ToMainHooks;

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "pong" }
  | { readonly kind: "done"; readonly outcome: ThreadOutcome }
  | { readonly kind: "failed"; readonly message: string; readonly exitCode: number }
  | FromMainHooks;
