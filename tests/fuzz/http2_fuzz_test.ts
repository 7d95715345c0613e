import { Http2Fuzzer, SessionFuzzer } from "./http2_fuzz.ts";
import { Random } from "./random.ts";

const rows = [
  {
    name: "mutated streams of frames",
    count: 2000,
    make: (random: Random) => new Http2Fuzzer(random),
  },
  { name: "conversations", count: 40, make: (random: Random) => new SessionFuzzer(random) },
];

for (const { name, count, make } of rows) {
  Deno.test(`HTTP/2 sessions survive ${count} ${name} (scripts/fuzz runs longer)`, () => {
    const random = new Random(Random.freshSeed());
    const fuzzer = make(random);
    for (let i = 0; i < count; i++) {
      try {
        fuzzer.step();
      } catch (error) {
        throw new Error(`seed ${random.seed}, step ${i}: ${String(error)}`, { cause: error });
      }
    }
  });
}
