/** Runs the test of failing upstreams longer than the suite does; see `usage`. */
import { Random } from "../tests/fuzz/random.ts";

const usage = `usage: scripts/chaos [SECONDS] [--seed N] [--shared-network]

Loads dist/hayate proxy while its upstreams are black-holed, stopped, killed, answer garbage, reset in
the middle of a body and dawdle at random. Every request must be answered rightly or with the right
error, none past its deadline, and nothing may leak.

  SECONDS            default 60
  --seed N           repeat the failures of another run; default: a fresh one, which is printed
  --shared-network   the black hole is a full queue; default where a network of our own is not allowed`;

const root = new URL("..", import.meta.url).pathname;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly network: string;
}

/** null: invalid arguments. */
function readOptions(argv: readonly string[]): Options | null {
  let [seconds, seed, network] = [60, Random.freshSeed(), ""];
  for (let index = 0; index < argv.length; index++) {
    if (argv[index] === "--seed") seed = Number(argv[++index]);
    else if (argv[index] === "--shared-network") network = "shared";
    else seconds = Number(argv[index]);
  }
  return seconds >= 1 && Number.isInteger(seed) && seed >= 0 ? { seconds, seed, network } : null;
}

if (Deno.args.includes("--help")) {
  console.log(usage);
  Deno.exit(0);
}
const options = readOptions(Deno.args);
if (options === null) {
  console.error(`chaos: cannot understand ${Deno.args.join(" ")}\n${usage}`);
  Deno.exit(2);
}
const status = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--unstable-net", `${root}/tests/e2e/proxy/chaos_test.ts`],
  env: {
    HAYATE_CHAOS_SECONDS: `${options.seconds}`,
    HAYATE_CHAOS_SEED: `${options.seed}`,
    HAYATE_CHAOS_NETWORK: options.network,
  },
}).spawn().status;
Deno.exit(status.success ? 0 : 1);
