import { assertEquals } from "@std/assert";
import { EchoServer } from "../support/echo_server.ts";
import { sleep } from "../support/child.ts";
import { LiveFuzzer } from "./live_fuzz.ts";
import { Random } from "./random.ts";

const rounds = 6;
const streamsPerRound = 48;

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: a live server answers mutated streams as the codec reads them`, async () => {
    const random = new Random(Random.freshSeed());
    await using server = await EchoServer.start(backend);
    const fuzzer = new LiveFuzzer(random, server.address, "echo");
    for (let round = 0; round < rounds; round++) {
      try {
        await fuzzer.round(streamsPerRound);
      } catch (error) {
        throw new Error(`seed ${random.seed}, round ${round}: ${String(error)}`, { cause: error });
      }
    }
    for (let i = 0; i < 500 && server.server.connectionCount > 0; i++) await sleep(10);
    assertEquals(server.server.connectionCount, 0, "leaked connections");
  });
}
