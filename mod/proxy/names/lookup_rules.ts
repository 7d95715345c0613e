/** How server names are looked up, and how often. */
import type { LookupRules } from "../../net/dns/name_service.ts";
import type { ResolverPlan } from "../plan/plan.ts";

/** The start does not wait longer for names; they are added when they resolve. */
export const startWaitMs = 5000;

/** Time between two lookups of an unknown name, unless the answer has a TTL. */
export const retryMinMs = 1000;
const retryMaxMs = 30_000;

/** Rules of a resolver; null: as the host resolves names. */
export function rulesOf(resolver: ResolverPlan | null): LookupRules {
  if (resolver === null) return { settings: null, usesV4: true, usesV6: true };
  const { servers, timeoutMs, attempts, usesV4, usesV6 } = resolver;
  return { settings: { servers, timeoutMs, attempts, search: [], dotsMin: 0 }, usesV4, usesV6 };
}

/** Delay before the next lookup after consecutive failures; `ttlMs`: the negative answer's TTL. */
export function retryDelayMs(failures: number, ttlMs: number | null): number {
  const backoffMs = retryMinMs * 2 ** Math.min(failures, 10);
  return Math.min(retryMaxMs, Math.max(retryMinMs, ttlMs ?? backoffMs));
}

/** Resolves when `work` has ended or `startWaitMs` have passed. `cancel` ends the wait. */
export function boundedStart(
  work: Promise<unknown>,
  timers: {
    setTimer(delayMs: number, callback: () => void): number;
    clearTimer(handle: number): void;
  },
): { readonly done: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = timers.setTimer(startWaitMs, resolve);
  void work.then(() => resolve());
  return { done: promise.then(() => timers.clearTimer(timer)), cancel: resolve };
}
