import { Random } from "./random.ts";
import { UpstreamRun } from "./upstream_http2_fuzz.ts";

Deno.test("exchanges on shared connections end exactly once, whatever both sides do", () => {
  const first = Random.freshSeed();
  for (let seed = first; seed < first + 300; seed++) {
    const run = new UpstreamRun(new Random(seed));
    try {
      for (let step = 0; step < 400; step++) run.step();
      run.finish();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
