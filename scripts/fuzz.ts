/** Fuzzes for a bounded time; see `usage`. */
import { CodecFuzzer } from "../tests/fuzz/codec_fuzz.ts";
import { Random } from "../tests/fuzz/random.ts";

const usage = `usage: scripts/fuzz [--seed N] [--seconds N]

Mutates the rows of tests/vectors/http1 and throws them at the codec: no crash, no hang, no offset out
of range, the same result however a stream is cut, the same verdict as rules written a second time.

  --seed N      begin at this seed; default: a fresh one, which is printed
  --seconds N   stop after N seconds; default 10`;

interface Options {
  readonly seed: number;
  readonly seconds: number;
}

/** Between two looks at the clock. */
const streamsPerTurn = 500;

function parseArguments(args: readonly string[]): Options {
  let seed = Random.freshSeed();
  let seconds = 10;
  for (let index = 0; index < args.length; index++) {
    const [flag, inline] = args[index].split("=", 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      Deno.exit(0);
    }
    const value = Number(inline ?? args[++index]);
    if (!Number.isInteger(value) || value < 0 || (flag !== "--seed" && flag !== "--seconds")) {
      console.error(`fuzz: cannot understand ${flag}\n${usage}`);
      Deno.exit(2);
    }
    if (flag === "--seed") seed = value;
    else seconds = value;
  }
  return { seed, seconds };
}

function fuzzCodec(options: Options): void {
  const fuzzer = new CodecFuzzer(new Random(options.seed));
  const deadline = performance.now() + options.seconds * 1000;
  let count = 0;
  for (; performance.now() < deadline; count += streamsPerTurn) {
    for (let i = 0; i < streamsPerTurn; i++) fuzzer.step();
  }
  console.log(`codec: ${count} streams, ${fuzzer.corpusCount} in the corpus, no fault`);
}

const options = parseArguments(Deno.args);
console.log(`seed ${options.seed}, ${options.seconds} s`);
try {
  fuzzCodec(options);
} catch (error) {
  console.error(`seed ${options.seed}: ${error instanceof Error ? error.message : String(error)}`);
  Deno.exit(1);
}
