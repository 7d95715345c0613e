import { assertEquals } from "@std/assert";
import { RetryBudget } from "../../../../mod/proxy/balance/retry_budget.ts";
import { groupOf } from "./groups.ts";

function takeAll(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.take(nowMs) && count < 100_000) count++;
  return count;
}

Deno.test("RetryBudget grants a quiet site ten retries a second", () => {
  const budget = new RetryBudget({ share: 0.2, perSecondMin: 10 });
  assertEquals(takeAll(budget, 5000), 100);
  assertEquals(budget.take(14_999), false);
  // The second in which they were taken has left the window.
  assertEquals(takeAll(budget, 15_000), 100);
});

Deno.test("RetryBudget adds a share of the last ten seconds' requests", () => {
  const budget = new RetryBudget({ share: 0.2, perSecondMin: 0 });
  assertEquals(budget.take(1000), false);
  for (let second = 1; second <= 10; second++) {
    for (let i = 0; i < 50; i++) budget.noteRequest(second * 1000);
  }
  assertEquals(takeAll(budget, 10_500), 100);
  // The first two seconds' requests have left the window, the retries have not.
  for (let i = 0; i < 100; i++) budget.noteRequest(12_000);
  assertEquals(takeAll(budget, 12_000), 0);
  assertEquals(budget.take(60_000), false);
  for (let i = 0; i < 5; i++) budget.noteRequest(60_000);
  assertEquals(takeAll(budget, 60_000), 1);
});

Deno.test("RetryBudget never lets retries exceed the share, in any pattern", () => {
  const budget = new RetryBudget({ share: 0.2, perSecondMin: 0 });
  let requests = 0;
  let retries = 0;
  let seed = 7;
  for (let nowMs = 0; nowMs < 9000; nowMs += 3) {
    seed = seed * 1_103_515_245 + 12_345 & 0x7fffffff;
    budget.noteRequest(nowMs);
    requests++;
    if (seed % 3 === 0 && budget.take(nowMs)) retries++;
    assertEquals(retries <= 0.2 * requests, true);
  }
  assertEquals(retries > 0.19 * requests, true);
});

Deno.test("PeerGroup counts the retries that its budget refuses", () => {
  const group = groupOf(["a:1", "b:1"], { retryBudget: { share: 0, perSecondMin: 0.1 } });
  assertEquals([group.takeRetry(1000), group.takeRetry(1000)], [true, false]);
  assertEquals(group.retriesDenied, 1);
  const free = groupOf(["a:1", "b:1"], { retryBudget: null });
  for (let i = 0; i < 1000; i++) assertEquals(free.takeRetry(1000), true);
  assertEquals(free.retriesDenied, 0);
});
