/** `scripts/experiments/NAME`: runs one experiment, prints and saves its results. */
import { describeHost } from "../benchmarks/host.ts";
import { binaryPath } from "../../tests/support/binary.ts";
import { type Experiment, Lab } from "./lab.ts";
import { hasPassed, renderJson, renderText, type Result } from "./report.ts";

/** Experiments by name, imported on demand. */
const experiments: Readonly<Record<string, () => Promise<Experiment>>> = {
  "tcp-vs-unix": async () => (await import("./tcp_vs_unix.ts")).tcpVsUnix,
  "graceful-restart": async () => (await import("./graceful_restart.ts")).gracefulRestart,
  "health-check": async () => (await import("./health_check.ts")).healthCheck,
  "reuseport-distribution": async () => (await import("./reuseport_distribution.ts")).distribution,
  "reuseport-containers": async () => (await import("./reuseport_containers.ts")).containers,
  "reuseport-behind-proxy": async () => (await import("./reuseport_behind_proxy.ts")).behindProxy,
};

async function main([name, ...flags]: readonly string[]): Promise<number> {
  const experiment = await experiments[name ?? ""]?.();
  if (experiment === undefined) {
    console.error(`experiments: there are ${Object.keys(experiments).join(", ")}`);
    return 2;
  }
  if (flags.includes("--help")) {
    const restarts = experiment.restarts === null ? "" : ` [--restarts N]`;
    console.log(`usage: scripts/experiments/${name}${restarts}\n\n${experiment.question}`);
    if (experiment.restarts !== null) {
      console.log(`  --restarts N  restarts under load (default ${experiment.restarts})`);
    }
    return 0;
  }
  const restarts = readRestarts(flags, experiment.restarts ?? 0);
  if (restarts === null) {
    console.error(`${name}: unknown: ${flags.join(" ")}`);
    return 2;
  }
  if (!await Deno.stat(binaryPath).then(() => true, () => false)) {
    console.error(`${name}: ${binaryPath} is missing, run scripts/build`);
    return 1;
  }
  return await conduct(experiment, restarts);
}

function readRestarts(flags: readonly string[], otherwise: number): number | null {
  if (flags.length === 0) return otherwise;
  const count = flags.join(" ").match(/^--restarts[= ](\d+)$/)?.[1];
  return Number(count) > 0 ? Number(count) : null;
}

async function conduct(experiment: Experiment, restarts: number): Promise<number> {
  const startMs = performance.now();
  const host = await describeHost();
  const { name, question } = experiment;
  let result: Result;
  const jsonFile = await (async () => {
    await using lab = await Lab.open(name, restarts);
    const rows = await experiment.run(lab);
    const { notes, picture, figures } = lab;
    const durationMs = Math.round(performance.now() - startMs);
    result = { name, question, rows, notes, picture, figures, durationMs };
    return lab.outFile(".json");
  })();
  await Deno.writeTextFile(jsonFile, renderJson(result!, host));
  console.log(renderText(result!).trimEnd());
  return hasPassed(result!) ? 0 : 1;
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(`experiments: ${(error as Error).message}`);
  Deno.exit(1);
}
