import { Random } from "./random.ts";
import { EventStreamFuzzer } from "./event_stream_fuzz.ts";

const iterations = 4000;

Deno.test(`the parser of event streams agrees with another one on ${iterations} streams`, () => {
  const random = new Random(Random.freshSeed());
  const fuzzer = new EventStreamFuzzer(random);
  for (let i = 0; i < iterations; i++) {
    try {
      fuzzer.step();
    } catch (error) {
      throw new Error(`seed ${random.seed}, stream ${i}: ${String(error)}`, { cause: error });
    }
  }
});
