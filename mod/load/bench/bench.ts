/** `hayate load --plan FILE`. */
import { getVariable } from "../../process/environment.ts";
import type { BenchOptions } from "../options/bench_options.ts";
import { withMetrics } from "../run/metrics_door.ts";
import { readBenchFile } from "./bench_file.ts";
import { BenchRuns } from "./bench_runs.ts";

/** Runs the file; resolves to the exit code. Throws `UsageError` or `StartError`. */
export async function runBench(options: BenchOptions): Promise<number> {
  const bench = readBenchFile(options.path, {
    readText: (path) => Deno.readTextFileSync(path),
    environment: (name) => getVariable(name) ?? null,
  });
  return await withMetrics(
    options.metrics,
    (metrics) => new BenchRuns(bench, options, metrics).run(),
  );
}
