/** What master and worker say to each other over their channel. */

/** In the environment of a master's workers: the number of the slot. */
export const slotVariable = "HAYATE_SERVE_SLOT";

/** From a worker. */
export type WorkerMessage =
  /** It accepts. */
  | { readonly kind: "ready" }
  /** It wants to be replaced; `why` for the log. */
  | { readonly kind: "retire"; readonly why: string };

export function readWorkerMessage(message: unknown): WorkerMessage | null {
  const { kind, why } = (message ?? {}) as { kind?: unknown; why?: unknown };
  if (kind === "ready") return { kind };
  if (kind === "retire" && typeof why === "string") return { kind, why };
  return null;
}
