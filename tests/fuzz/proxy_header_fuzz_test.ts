import { HeaderFuzzer } from "./proxy_header_fuzz.ts";
import { Random } from "./random.ts";

const iterations = 6000;

Deno.test(`PROXY protocol headers survive ${iterations} mutations (scripts/fuzz runs longer)`, () => {
  const random = new Random(Random.freshSeed());
  const fuzzer = new HeaderFuzzer(random);
  for (let i = 0; i < iterations; i++) {
    try {
      fuzzer.step();
    } catch (error) {
      throw new Error(`seed ${random.seed}, stream ${i}: ${String(error)}`, { cause: error });
    }
  }
});
