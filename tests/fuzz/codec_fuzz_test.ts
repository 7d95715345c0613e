import { CodecFuzzer } from "./codec_fuzz.ts";
import { Random } from "./random.ts";

const iterations = 4000;

Deno.test(`the codec survives ${iterations} mutated streams (scripts/fuzz runs longer)`, () => {
  const random = new Random(Random.freshSeed());
  const fuzzer = new CodecFuzzer(random);
  for (let i = 0; i < iterations; i++) {
    try {
      fuzzer.step();
    } catch (error) {
      throw new Error(`seed ${random.seed}, stream ${i}: ${String(error)}`, { cause: error });
    }
  }
});
