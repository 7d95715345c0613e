import { Random } from "./random.ts";
import { WebSocketFuzzer } from "./web_socket_fuzz.ts";

const iterations = 4000;

Deno.test(`the reader of WebSocket frames survives ${iterations} mutated streams`, () => {
  const random = new Random(Random.freshSeed());
  const fuzzer = new WebSocketFuzzer(random);
  for (let i = 0; i < iterations; i++) {
    try {
      fuzzer.step();
    } catch (error) {
      throw new Error(`seed ${random.seed}, stream ${i}: ${String(error)}`, { cause: error });
    }
  }
});
