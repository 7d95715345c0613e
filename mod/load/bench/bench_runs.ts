/** `hayate load --plan`: the runs of a file, one after another. */
import { exitCodes, StartError } from "../../base/errors.ts";
import type { BenchOptions } from "../options/bench_options.ts";
import { maskWord } from "../plan/secrets.ts";
import { describeEnvironment } from "../report/environment.ts";
import { Output, writeStderr, writeStdout } from "../report/outputs.ts";
import { planJson, type RunJson, runJson } from "../report/json/report_json.ts";
import { clearLine, progressLine } from "../report/report_progress.ts";
import { brokenThresholds } from "../report/verdict.ts";
import { beginRun } from "../run/begin.ts";
import type { MetricsDoor } from "../run/metrics_door.ts";
import { ownRuns } from "../run/own_runs.ts";
import { Interrupts } from "../run/interrupts.ts";
import type { Run } from "../run/load_run.ts";
import { showsProgress } from "../run/progress.ts";
import type { LoadResult } from "../stats/result.ts";
import {
  type BenchEntryJson,
  type BenchJson,
  benchSchemaName,
  readBenchJson,
  settingsDigest,
} from "../report/json/bench_json.ts";
import type { BenchEntry, BenchPlan } from "./bench_plan.ts";
import { benchTable } from "./bench_table.ts";

/** An entry while it runs. */
interface Progress {
  readonly entry: BenchEntry;
  readonly digest: string;
  readonly runs: RunJson[];
  broken: string[];
}

export class BenchRuns {
  readonly #bench: BenchPlan;
  readonly #options: BenchOptions;
  readonly #metrics: MetricsDoor | null;
  readonly #interrupts = new Interrupts();
  readonly #all: Progress[] = [];
  #hasFailed = false;

  constructor(bench: BenchPlan, options: BenchOptions, metrics: MetricsDoor | null) {
    this.#metrics = metrics;
    this.#bench = bench;
    this.#options = options;
  }

  /** Resolves to the exit code. Throws `StartError` for a report that cannot be read or written. */
  async run(): Promise<number> {
    return await this.#interrupts.watch(() => this.#runAll());
  }

  async #runAll(): Promise<number> {
    await this.#recall();
    for (const [index, progress] of this.#all.entries()) {
      if (this.#interrupts.code !== 0) break;
      await this.#measure(progress, index);
    }
    const report = this.#report();
    const { json, quiet } = this.#options;
    if (json === "-") writeStdout(`${JSON.stringify(report, null, 2)}\n`);
    else if (!quiet) writeStdout(benchTable(report.entries));
    await this.#draw(report);
    if (this.#interrupts.code !== 0) return this.#interrupts.code;
    if (this.#all.some(({ broken }) => broken.length > 0)) return exitCodes.threshold;
    const isAnswered = this.#all.every(({ runs }) => runs.some((run) => run.requestsAnswered > 0));
    return isAnswered && !this.#hasFailed ? exitCodes.ok : exitCodes.failed;
  }

  /** What an earlier report has of the same settings. */
  async #recall(): Promise<void> {
    const { json, resume } = this.#options;
    const former = resume && json !== null ? await readBenchJson(json) : null;
    for (const entry of this.#bench.entries) {
      const digest = await settingsDigest(entry.argv);
      const known = former?.entries.find(({ name }) => name === entry.name);
      const runs = known?.settingsSha256 === digest ? known.runs.slice(0, entry.plan.repeat) : [];
      const broken = runs.length === 0 ? [] : [...known!.brokenThresholds];
      this.#all.push({ entry, digest, runs: [...runs], broken });
    }
    const done = this.#all.reduce((sum, { runs }) => sum + runs.length, 0);
    if (resume) this.#say(`${done} of ${this.#count} runs are in ${json} already\n`);
  }

  get #count(): number {
    return this.#all.reduce((sum, { entry }) => sum + entry.plan.repeat, 0);
  }

  /** The runs that the entry lacks. */
  async #measure(progress: Progress, index: number): Promise<void> {
    const { entry, runs } = progress;
    if (runs.length >= entry.plan.repeat) return;
    try {
      const { prepared, script } = await beginRun(entry.plan);
      const source = ownRuns(entry.plan, prepared, this.#metrics);
      while (runs.length < entry.plan.repeat) {
        const run = this.#interrupts.current = source.next();
        const result = await this.#runOnce(run, progress, index);
        this.#interrupts.current = null;
        if (this.#interrupts.code !== 0) return;
        await script?.done(result);
        progress.broken.push(...brokenThresholds(entry.plan.thresholds, result));
        runs.push(await runJson(result, entry.plan.output.percentiles));
        this.#save();
      }
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      // The other runs may do.
      this.#hasFailed = true;
      writeStderr(`hayate load: ${entry.name}: ${error.message}\n`);
    }
  }

  async #runOnce(run: Run, { entry, runs }: Progress, index: number): Promise<LoadResult> {
    const { plan, name } = entry;
    const repeat = plan.repeat > 1 ? `, ${runs.length + 1} of ${plan.repeat}` : "";
    const isShown = !this.#options.quiet && showsProgress(plan);
    this.#say(`[${index + 1}/${this.#all.length}] ${name}${repeat}\n`);
    let failedCount = 0, doneCount = 0;
    const result = await run.run({
      onStart: () => {},
      onInterval: (interval) => {
        failedCount += interval.failed;
        doneCount += interval.requests + interval.failed;
        const leftMs = plan.durationMs - interval.endMs;
        const counts = { doneCount, wantedCount: plan.requestCount, failedCount };
        if (isShown) writeStderr(progressLine(interval, { leftMs, ...counts }));
      },
    });
    if (isShown) writeStderr(clearLine);
    return result;
  }

  /** On stderr: stdout has the table, or the report. */
  #say(text: string): void {
    if (!this.#options.quiet) writeStderr(text);
  }

  #report(): BenchJson {
    const shown = this.#options.showSecrets ? (word: string) => word : maskWord;
    const entries = this.#all.map(({ entry, digest, runs, broken }): BenchEntryJson => ({
      name: entry.name,
      settingsSha256: digest,
      plan: planJson(entry.plan, shown(entry.plan.targets[0]?.text ?? entry.plan.urlsFile ?? "")),
      repeat: entry.plan.repeat,
      runs,
      brokenThresholds: broken,
    }));
    return {
      schema: benchSchemaName,
      title: this.#bench.title,
      environment: describeEnvironment(["hayate", "load", ...this.#options.argv.map(shown)]),
      entries,
    };
  }

  /** Written after each run, so that --resume can go on from it. Throws `StartError`. */
  #save(): void {
    const { json } = this.#options;
    if (json === null || json === "-") return;
    Output.open(json).finish(`${JSON.stringify(this.#report(), null, 2)}\n`);
  }

  async #draw(report: BenchJson): Promise<void> {
    const { html } = this.#options;
    if (html === null) return;
    const { benchPage } = await import("./bench_page.ts");
    Output.open(html).finish(await benchPage(report));
  }
}
