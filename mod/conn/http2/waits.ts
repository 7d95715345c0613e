/** What a client's HTTP/2 connection waits for, and until when. */
import type { Session } from "../../http2/mod.ts";
import type { ServerOptions } from "../exchange/server_options.ts";
import type { StreamExchange } from "./stream_exchange.ts";

/** How long a client may take to answer the PING of a drain (RFC 9113 6.8). */
export const drainPingMs = 1_000;
/** How long a closed connection waits for the client's FIN. */
export const lingerMs = 2_000;

/** How long an idle connection keeps the objects of its last exchanges. */
export const spareMs = 2_000;

/** What has passed its deadline. */
export const Overdue = { nothing: 0, body: 1, output: 2 } as const;
export type Overdue = typeof Overdue[keyof typeof Overdue];

/** When the body or the output of an exchange must have made progress; Infinity: it need not. */
export function exchangeDueMs(exchange: StreamExchange, options: ServerOptions): number {
  const { bodyTimeoutMs, writeTimeoutMs } = options;
  const { waitingSinceMs } = exchange.output;
  if (exchange.tunnel !== null) return Infinity;
  const bodyDueMs = isExpecting(exchange)
    ? exchange.bodySinceMs + (bodyTimeoutMs || Infinity)
    : Infinity;
  if (waitingSinceMs === 0) return bodyDueMs;
  return Math.min(bodyDueMs, waitingSinceMs + (writeTimeoutMs || Infinity));
}

/** Which of the two has passed at `nowMs`. */
export function overdueOf(
  exchange: StreamExchange,
  options: ServerOptions,
  nowMs: number,
): Overdue {
  if (nowMs < exchangeDueMs(exchange, options)) return Overdue.nothing;
  const { waitingSinceMs } = exchange.output;
  const isOutput = waitingSinceMs !== 0 && nowMs >= waitingSinceMs + options.writeTimeoutMs &&
    options.writeTimeoutMs !== 0;
  return isOutput ? Overdue.output : Overdue.body;
}

/** The client still has to send something that is read at once. */
function isExpecting(exchange: StreamExchange): boolean {
  if (exchange.remoteClosed) return false;
  // A body that is not wanted may be late until the response is sent.
  if (exchange.serial === 0) return exchange.output.queuedBytes === 0;
  return !exchange.hasRequestBody || exchange.input.isExpecting;
}

/**
 * Since when the same frame or field section is incomplete: a client has `headTimeoutMs` for it, as
 * for a head of HTTP/1, and for its preface.
 */
export class PartialFrame {
  sinceMs = 0;
  #mark = 0;

  /** Called after each read. */
  note(session: Session<StreamExchange>, nowMs: number): void {
    const mark = session.isSettled ? session.partialMark : 1;
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.sinceMs = mark === 0 ? 0 : nowMs;
  }
}
