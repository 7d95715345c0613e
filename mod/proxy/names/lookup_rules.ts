/** Who is asked for the names of servers, and how often. */
import type { LookupRules } from "../../net/dns/name_service.ts";
import type { ResolverPlan } from "../plan.ts";

/** The start goes on without names that take longer; they follow. */
export const startWaitMs = 5000;

/** Between two tries of a name that nobody knows, unless the answer says how long that holds. */
export const retryMinMs = 1000;
const retryMaxMs = 30_000;

/** How a name is looked up; null: as the host does it. */
export function rulesOf(resolver: ResolverPlan | null): LookupRules {
  if (resolver === null) return { settings: null, usesV4: true, usesV6: true };
  const { servers, timeoutMs, attempts, usesV4, usesV6 } = resolver;
  return { settings: { servers, timeoutMs, attempts, search: [], dotsMin: 0 }, usesV4, usesV6 };
}

/** When to try again after so many failures in a row; `ttlMs`: how long the answer holds, if known. */
export function retryDelayMs(failures: number, ttlMs: number | null): number {
  const backoffMs = retryMinMs * 2 ** Math.min(failures, 10);
  return Math.min(retryMaxMs, Math.max(retryMinMs, ttlMs ?? backoffMs));
}

/** Resolves when `work` has ended or the start has waited long enough. `cancel` ends the wait. */
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
