/** Whether a request may be sent again: nginx's rules (proxy_next_upstream and its limits). */
import type { PeerError } from "../../../base/errors.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import { Method, type RequestHead } from "../../../http/mod.ts";
import { retryConditions, type RetryPlan } from "../../plan/plan.ts";

/** Methods that may be sent twice (RFC 9110 9.2.2); nginx excludes POST, LOCK and PATCH. */
function isIdempotent(head: RequestHead): boolean {
  const { method } = head;
  if (method === Method.post || method === Method.patch) return false;
  return method !== Method.other || head.methodText() !== "LOCK";
}

/** nginx's bit for a status that may be retried; 0 for all others. */
export function statusCondition(status: number): number {
  switch (status) {
    case 500:
      return retryConditions.http_500;
    case 502:
      return retryConditions.http_502;
    case 503:
      return retryConditions.http_503;
    case 504:
      return retryConditions.http_504;
    case 403:
      return retryConditions.http_403;
    case 404:
      return retryConditions.http_404;
    case 429:
      return retryConditions.http_429;
  }
  return 0;
}

/** False for retried statuses that are not a failure of the peer (nginx: 403 and 404). */
export function isFailureCondition(condition: number): boolean {
  return condition !== retryConditions.http_403 && condition !== retryConditions.http_404;
}

/** nginx's bit for an attempt that ended without a response. */
export function errorCondition(error: PeerError): number {
  switch (error.code) {
    case "ETIMEDOUT":
      return retryConditions.timeout;
    case "EPROTO":
      return retryConditions.invalid_header;
  }
  return retryConditions.error;
}

/**
 * The status of a failed attempt that was the last one. A gRPC call that has reached no peer is
 * UNAVAILABLE (502), which its client may repeat, even if that took too long.
 */
export function failureStatus(error: PeerError, isGrpc: boolean): 502 | 504 {
  return error.code === "ETIMEDOUT" && !(isGrpc && error.retrySafe) ? 504 : 502;
}

/**
 * Failures that say nothing about the peer, after which it is tried again at once. `stale`: it closed
 * an idle kept connection. `refused`: it did not process the stream, and says so, as it does with
 * streams that meet its GOAWAY (RFC 9113 8.7). `version`: it wants HTTP/1.1, and may have begun.
 */
export const Detour = { none: 0, stale: 1, refused: 2, version: 3 } as const;
export type Detour = typeof Detour[keyof typeof Detour];

/** What the failure of an attempt at a peer was. */
export function detourAfter(connection: UpstreamExchange, error: PeerError): Detour {
  if (connection.receivedBytes > 0 || error.code === "ETIMEDOUT") return Detour.none;
  if (error.code === "EVERSION") return Detour.version;
  if (connection.isConnected && error.retrySafe) return Detour.refused;
  return connection.wasReused ? Detour.stale : Detour.none;
}

/**
 * Streams of one request that may be refused. A peer that ends connections after a few requests
 * refuses those that are on their way, and the next connection may be as short.
 */
const refusedTriesMax = 4;

/** The attempts of one request, checked against the upstream's limits. */
export class RetryRules {
  /** Attempts so far. */
  attempts = 0;
  #plan: RetryPlan | null = null;
  #isIdempotent = true;
  #startMs = 0;
  /** Retries that do not count. */
  #freeTries = 0;

  /** Starts a request; `head` is not kept. */
  begin(plan: RetryPlan, head: RequestHead): void {
    this.#plan = plan;
    this.#isIdempotent = isIdempotent(head);
    this.#freeTries = 0;
    this.attempts = 0;
  }

  /** Starts the time limit of all attempts, when the first one begins. */
  startClock(nowMs: number): void {
    this.#startMs = nowMs;
  }

  /** Whether `next_upstream` lists the condition. */
  covers(condition: number): boolean {
    return (this.#plan!.conditions & condition) !== 0;
  }

  /**
   * Whether a retry is safe: a request that may have taken effect is repeated only if it is
   * idempotent or `non_idempotent` is set. `wasSent`: a byte of it may have reached a peer.
   */
  maySendAgain(wasSent: boolean): boolean {
    return !wasSent || this.#isIdempotent || this.covers(retryConditions.non_idempotent);
  }

  /** Whether attempts and time are left for another peer. */
  hasTriesLeft(nowMs: number): boolean {
    const { triesMax, timeoutMs } = this.#plan!;
    const used = this.attempts - this.#freeTries;
    if (triesMax > 0 && used >= triesMax) return false;
    return timeoutMs === 0 || nowMs - this.#startMs < timeoutMs;
  }

  /** Allows a retry that does not count: true once per request, more often for refused streams. */
  takeFreeTry(detour: Detour): boolean {
    if (this.#freeTries >= (detour === Detour.refused ? refusedTriesMax : 1)) return false;
    this.#freeTries++;
    return true;
  }
}
