/** `scripts/soak MINUTES`: the appliance under load and trouble. */
import { binaryPath, root } from "../../tests/support/binary.ts";
import { sleep } from "../../tests/support/child.ts";
import { Random } from "../../tests/fuzz/random.ts";
import { describeHost } from "../benchmarks/host.ts";
import { Appliance } from "./appliance.ts";
import { clientPlans, runClient } from "./load.ts";
import { hasPassed, renderText, type SoakResult } from "./report.ts";
import { takeSample } from "./samples.ts";
import { planTroubles, quietMs, type Trouble } from "./trouble.ts";
import { attribute, growths, type Happened, stretches } from "./verdict.ts";

const usage = `usage: scripts/soak MINUTES [--seed N] [--rate N]

Runs the appliance (supervisor, proxy with workers, TLS on a port that ends in 443, checked upstreams,
control socket) under load, and draws trouble from a seed: HUPs, killed workers, generations and
upstreams, changes by the API. Ends with a table; exit code 1 when a request failed without a kill of
the process that held it, when the API refused a change, or when descriptors, processes or memory grew.

  MINUTES     at least 1
  --seed N    repeat the trouble of another run; default: a fresh one, which is printed
  --rate N    requests a second of all clients together (default 1500)

The figures also go to dist/soak.json.`;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
}

/** null: invalid arguments. */
function readOptions(argv: readonly string[]): Options | null {
  let [minutes, seed, rate] = [NaN, Random.freshSeed(), 1500];
  for (let index = 0; index < argv.length; index++) {
    if (argv[index] === "--seed") seed = Number(argv[++index]);
    else if (argv[index] === "--rate") rate = Number(argv[++index]);
    else minutes = Number(argv[index]);
  }
  const isSound = minutes >= 1 && Number.isInteger(seed) && seed >= 0 && rate >= 10;
  return isSound ? { minutes, seed, rate } : null;
}

async function soak(options: Options): Promise<SoakResult> {
  const random = new Random(options.seed);
  const durationMs = options.minutes * 60_000;
  const troubles = planTroubles(random, durationMs);
  const folder = await Deno.makeTempDir({ prefix: "hyt-" });
  try {
    await using appliance = await Appliance.start(folder);
    const plans = clientPlans(appliance.port, appliance.tlsPort, options.rate);
    const clients = plans.map((plan, index) =>
      runClient(plan, durationMs / 1000, `${folder}/${index}.json`)
    );
    const startMs = Date.now();
    await sleep(quietMs - 3000);
    const first = takeSample(appliance.supervisor.pid);
    const { happened, apiRefusals } = await cause(appliance, troubles, startMs, random);
    await sleep(Math.max(0, startMs + durationMs - 3000 - Date.now()));
    const last = takeSample(appliance.supervisor.pid);
    const results = await Promise.all(clients);
    const seconds = results.flatMap((client) => client.seconds)
      .toSorted((a, b) => a.startMs - b.startMs);
    // The clients' open connections, and as many attempts to reconnect.
    const heldMax = 2 * plans.reduce((sum, { connections }) => sum + connections, 0);
    return {
      seed: options.seed,
      minutes: options.minutes,
      clients: results,
      happened,
      failures: attribute(seconds, happened, heldMax),
      apiRefusals,
      first,
      last,
      growths: growths(first, last),
      stretches: stretches(seconds, Math.min(10, Math.ceil(options.minutes * 2))),
      generations: appliance.supervisor.stderr.split("starting new worker").length - 1,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Causes each trouble at its time. */
async function cause(
  appliance: Appliance,
  troubles: readonly Trouble[],
  startMs: number,
  random: Random,
): Promise<{ happened: Happened[]; apiRefusals: string[] }> {
  const happened: Happened[] = [];
  const apiRefusals: string[] = [];
  for (const { atMs, kind } of troubles) {
    await sleep(Math.max(0, startMs + atMs - Date.now()));
    happened.push({ kind, atMs: Date.now() });
    console.error(`  ${(atMs / 1000).toFixed(0).padStart(5)} s  ${kind}`);
    if (!await happen(appliance, kind, random)) apiRefusals.push(kind);
  }
  return { happened, apiRefusals };
}

/** False when the API refused a request that it should have accepted. */
async function happen(
  appliance: Appliance,
  kind: Trouble["kind"],
  random: Random,
): Promise<boolean> {
  const pick = <T>(list: readonly T[]) => random.pick(list);
  switch (kind) {
    case "kill worker":
      appliance.killWorker(pick);
      return true;
    case "kill generation":
      appliance.killGeneration();
      return true;
    case "kill upstream":
      await appliance.killUpstream(pick);
      return true;
    case "HUP":
      appliance.hup();
      return true;
    case "HUP twice":
      appliance.hup();
      await sleep(100);
      appliance.hup();
      return true;
    case "API: add and remove a server":
      return await appliance.addAndRemove();
    case "API: take a server out and back":
      return await appliance.takeOutAndBack(pick);
    case "API: change a weight":
      return await appliance.changeWeight(pick);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const options = readOptions(argv);
  if (options === null) {
    console.error(usage);
    return 2;
  }
  if (!await Deno.stat(binaryPath).then(() => true, () => false)) {
    console.error(`soak: ${binaryPath} is missing, run scripts/build`);
    return 1;
  }
  const host = await describeHost();
  console.log(`soak: ${options.minutes} minutes, --seed ${options.seed} --rate ${options.rate}`);
  const result = await soak(options);
  const { clients, ...rest } = result;
  const totals = clients.map(({ seconds: _, ...client }) => client);
  await Deno.writeTextFile(
    `${root}/dist/soak.json`,
    JSON.stringify(
      { schema: "hayate-soak/1", passed: hasPassed(result), host, ...rest, clients: totals },
      null,
      2,
    ) + "\n",
  );
  console.log(renderText(result).trimEnd());
  return hasPassed(result) ? 0 : 1;
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(`soak: ${(error as Error).message}`);
  Deno.exit(1);
}
