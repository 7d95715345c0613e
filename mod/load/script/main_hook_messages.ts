/** Messages between the main thread and the worker that runs `setup` and `done`. */
import type { WrkFields } from "../plan/thread_plan.ts";
import type { ScriptSummary } from "./hooks.ts";
import type { Variables } from "./script_thread.ts";

/** From the main thread to the worker of `setup` and `done`. */
export type ToMainHooks =
  | {
    readonly kind: "script";
    readonly name: string;
    readonly fields: WrkFields;
    readonly stdoutTaken: boolean;
    readonly mark: SharedArrayBuffer;
  }
  | { readonly kind: "setup"; readonly threadCount: number }
  | {
    readonly kind: "finish";
    readonly summary: ScriptSummary;
    /** Slots of histograms. */
    readonly latency: Float64Array;
    readonly rates: Float64Array;
    readonly variables: readonly Readonly<Variables>[];
  };

/** What `setup` decided for one thread. */
export interface PreparedThread {
  readonly address: string | null;
  readonly variables: Variables;
}

export type FromMainHooks =
  | { readonly kind: "loaded" }
  | { readonly kind: "prepared"; readonly threads: readonly PreparedThread[] }
  /** `exitCode`: with which the script exited; null: it did not. */
  | { readonly kind: "finished"; readonly exitCode: number | null };
