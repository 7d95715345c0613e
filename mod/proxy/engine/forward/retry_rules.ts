/** Whether a request may be sent again: nginx's rules (proxy_next_upstream and its limits). */
import type { PeerError } from "../../../base/errors.ts";
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

/** The attempts of one request, checked against the upstream's limits. */
export class RetryRules {
  /** Attempts so far. */
  attempts = 0;
  #plan: RetryPlan | null = null;
  #isIdempotent = true;
  #startMs = 0;
  #usedFreeTry = false;

  /** Starts a request; `head` is not kept. */
  begin(plan: RetryPlan, head: RequestHead): void {
    this.#plan = plan;
    this.#isIdempotent = isIdempotent(head);
    this.#usedFreeTry = false;
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
    const used = this.attempts - (this.#usedFreeTry ? 1 : 0);
    if (triesMax > 0 && used >= triesMax) return false;
    return timeoutMs === 0 || nowMs - this.#startMs < timeoutMs;
  }

  /** Allows one retry after a stale connection that does not count: true once per request. */
  takeFreeTry(): boolean {
    if (this.#usedFreeTry) return false;
    this.#usedFreeTry = true;
    return true;
  }
}
