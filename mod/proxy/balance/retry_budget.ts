/**
 * Bounds the load that retries add, so that they do not overwhelm a slow upstream.
 *
 * Over the last ten seconds, retries may be a share of the requests plus a few per second; without
 * the latter a site with one request a minute would never retry (Finagle's budget and its numbers).
 */
import type { RetryBudgetPlan } from "../plan/upstream_plan.ts";

const slotMs = 1000;
const slotCount = 10;

export class RetryBudget {
  readonly #plan: RetryBudgetPlan;
  readonly #requests = new Float64Array(slotCount);
  readonly #retries = new Float64Array(slotCount);
  #requestSum = 0;
  #retrySum = 0;
  /** Number of the current slot, counted from the clock's zero. */
  #slot = 0;

  constructor(plan: RetryBudgetPlan) {
    this.#plan = plan;
  }

  /** Records a request; its first attempt costs nothing. */
  noteRequest(nowMs: number): void {
    const slot = Math.floor(nowMs / slotMs);
    if (slot !== this.#slot) this.#advance(slot);
    this.#requests[slot % slotCount]++;
    this.#requestSum++;
  }

  /** Takes one retry from the budget; false when none is left. */
  take(nowMs: number): boolean {
    const slot = Math.floor(nowMs / slotMs);
    if (slot !== this.#slot) this.#advance(slot);
    const { share, perSecondMin } = this.#plan;
    const most = share * this.#requestSum + perSecondMin * slotCount * slotMs / 1000;
    if (this.#retrySum + 1 > most) return false;
    this.#retries[slot % slotCount]++;
    this.#retrySum++;
    return true;
  }

  /** Empties the slots between the last one and `slot`. */
  #advance(slot: number): void {
    const passed = Math.min(slot - this.#slot, slotCount);
    for (let i = 0; i < passed; i++) {
      const at = (slot - i) % slotCount;
      this.#requestSum -= this.#requests[at];
      this.#retrySum -= this.#retries[at];
      this.#requests[at] = this.#retries[at] = 0;
    }
    this.#slot = slot;
  }
}
