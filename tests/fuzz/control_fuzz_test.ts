import { assert } from "@std/assert";
import { ApiFuzzer } from "./api_fuzz.ts";
import { Random } from "./random.ts";
import { StateFuzzer } from "./state_fuzz.ts";

Deno.test("A state file with anything in it is taken over whole, or named and not at all", () => {
  const fuzzer = new StateFuzzer(new Random(Random.freshSeed()));
  for (let i = 0; i < 5000; i++) fuzzer.step();
  assert(fuzzer.acceptedCount > 0);
});

Deno.test("The API answers any body with 2xx, or with 4xx, a text and nothing changed", () => {
  const fuzzer = new ApiFuzzer(new Random(Random.freshSeed()));
  for (let i = 0; i < 10_000; i++) fuzzer.step();
  assert(fuzzer.acceptedCount > 0);
});
