/** Messages between master and worker over their channel. */

/** Environment variable of a worker: the number of its slot. */
export const slotVariable = "HAYATE_SERVE_SLOT";

/**
 * In the environment of a master's workers, as SERVER_STARTER_PORT: the sockets of other slots. A
 * worker does not serve them. At the end it empties them, because their own workers may have died.
 */
export const spareSocketsVariable = "HAYATE_SPARE_SOCKETS";

/** Sent by a worker. */
export type WorkerMessage =
  /** It accepts connections. */
  | { readonly kind: "ready" }
  /** It asks to be replaced; `why` is logged. */
  | { readonly kind: "retire"; readonly why: string };

export function readWorkerMessage(message: unknown): WorkerMessage | null {
  const { kind, why } = (message ?? {}) as { kind?: unknown; why?: unknown };
  if (kind === "ready") return { kind };
  if (kind === "retire" && typeof why === "string") return { kind, why };
  return null;
}
