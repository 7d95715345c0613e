import { withOwnRequestFuzzer } from "./own_request_fuzz.ts";
import { Random } from "./random.ts";

const rounds = 12;
const connectionsPerRound = 24;

for (const backend of ["epoll", "portable"] as const) {
  Deno.test(`${backend}: an upstream sees only intended requests`, async () => {
    const random = new Random(Random.freshSeed());
    await withOwnRequestFuzzer(backend, random, async (fuzzer) => {
      for (let round = 0; round < rounds; round++) {
        try {
          await fuzzer.round(connectionsPerRound);
        } catch (error) {
          throw new Error(`seed ${random.seed}, round ${round}: ${String(error)}`, {
            cause: error,
          });
        }
      }
    });
  });
}
