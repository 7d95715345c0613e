import { assert } from "@std/assert";
import { ApiFuzzer } from "./api_fuzz.ts";
import { Random } from "./random.ts";
import { StateFuzzer } from "./state_fuzz.ts";

Deno.test("A state file with any content is restored completely, or reported and ignored", () => {
  const fuzzer = new StateFuzzer(new Random(Random.freshSeed()));
  for (let i = 0; i < 5000; i++) fuzzer.step();
  assert(fuzzer.acceptedCount > 0);
});

Deno.test("The API answers any body with 2xx, or with 4xx and a text, changing nothing", () => {
  const fuzzer = new ApiFuzzer(new Random(Random.freshSeed()));
  for (let i = 0; i < 10_000; i++) fuzzer.step();
  assert(fuzzer.acceptedCount > 0);
});
