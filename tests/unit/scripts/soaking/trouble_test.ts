import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { planTroubles, quietMs, troubleKinds } from "../../../../scripts/soaking/trouble.ts";
import { Random } from "../../../fuzz/random.ts";

const twoMinutes = 120_000;

Deno.test("planTroubles() gives the same plan for the same seed, another for another", () => {
  const plan = planTroubles(new Random(7), twoMinutes);
  assertEquals(planTroubles(new Random(7), twoMinutes), plan);
  assertNotEquals(planTroubles(new Random(8), twoMinutes), plan);
});

Deno.test("planTroubles() begins with each kind once and leaves both ends quiet", () => {
  const plan = planTroubles(new Random(1), twoMinutes);
  const first = plan.slice(0, troubleKinds.length).map(({ kind }) => kind);
  assertEquals(first.toSorted(), [...troubleKinds].toSorted());
  assertEquals(plan[0].atMs, quietMs);
  assertEquals(plan.at(-1), { atMs: twoMinutes - quietMs, kind: "HUP" });
  for (let i = 1; i < plan.length; i++) assert(plan[i].atMs > plan[i - 1].atMs);
});
