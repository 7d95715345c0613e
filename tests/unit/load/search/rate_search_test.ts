import { assert, assertEquals } from "@std/assert";
import { RateSearch, type SearchStep } from "../../../../mod/load/search/rate_search.ts";

/** Searches a server that can do `limitOf(step)`; returns the steps and what was found. */
function search(from: number, to: number, limitOf: (step: SearchStep) => number) {
  const rates = new RateSearch(from, to);
  const steps: string[] = [];
  for (let step = rates.next; step !== null; step = rates.next) {
    assert(steps.length < 60, "it does not end");
    assert(step.rate >= from && step.rate <= to);
    steps.push(`${step.isConfirmation ? "=" : ""}${step.rate}`);
    rates.record(step, step.rate <= limitOf(step));
  }
  return { steps: steps.join(" "), found: rates.found, best: rates.best };
}

Deno.test("RateSearch doubles until a rate fails, bisects, and confirms", () => {
  assertEquals(search(1000, 200_000, () => 5200), {
    steps: "1000 2000 4000 8000 6000 5000 5500 5250 =5000",
    found: 5000,
    best: 5000,
  });
});

Deno.test("RateSearch finds every limit within five percent, from below", () => {
  for (let limit = 100; limit < 1e6; limit *= 1.0137) {
    const { found } = search(100, 1e6, () => limit);
    assert(found! <= limit && found! * 1.0501 >= Math.min(limit, 1e6), `${limit}: ${found}`);
  }
});

Deno.test("RateSearch ends at the limits that it was given", () => {
  assertEquals(search(1000, 3000, () => 1e9).steps, "1000 2000 3000 =3000");
  assertEquals(search(1000, 1000, () => 1e9).steps, "1000 =1000");
  assertEquals(search(1000, 9000, () => 900), { steps: "1000", found: null, best: null });
  assertEquals(search(0.5, 3, () => 1.2).found, 1.19);
});

Deno.test("RateSearch goes down to what passed before when a confirmation fails", () => {
  const tiring = (step: SearchStep) => step.isConfirmation ? 3000 : 5200;
  assertEquals(search(1000, 200_000, tiring), {
    steps: "1000 2000 4000 8000 6000 5000 5500 5250 =5000 =4000 =2000",
    found: 2000,
    best: 2000,
  });
  const never = (step: SearchStep) => step.isConfirmation ? 0 : 5200;
  assertEquals(search(1000, 200_000, never).found, null);
});
