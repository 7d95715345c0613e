/** `hayate load --find-rate`: tries rates until the highest is known that keeps the conditions. */
import { exitCodes } from "../../base/errors.ts";
import type { LoadPlan, SearchPlan } from "../plan/plan.ts";
import { type PreparedRun, withTimes } from "../plan/prepare.ts";
import { maskWord } from "../plan/secrets.ts";
import { describeEnvironment } from "../report/environment.ts";
import { Output, writeStderr, writeStdout } from "../report/outputs.ts";
import {
  planJson,
  type ReportJson,
  type RunJson,
  runJson,
  schemaName,
} from "../report/json/report_json.ts";
import { clearLine, progressLine } from "../report/report_progress.ts";
import { searchJson, type SearchStepJson } from "../report/json/search_json.ts";
import { searchEnd, searchHeader, stepRow } from "../report/search_text.ts";
import { Interrupts } from "../run/interrupts.ts";
import { LoadRun } from "../run/load_run.ts";
import type { MetricsDoor } from "../run/metrics_door.ts";
import { showsProgress } from "../run/progress.ts";
import type { LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import { RateSearch, type SearchStep } from "./rate_search.ts";
import { judgeStep } from "./step_verdict.ts";

/** The rate that was found has to last this much longer than a step. */
const confirmationTimes = 3;

export class FindRate {
  readonly #plan: LoadPlan;
  readonly #search: SearchPlan;
  readonly #prepared: PreparedRun;
  readonly #argv: readonly string[];
  readonly #metrics: MetricsDoor | null;
  readonly #interrupts = new Interrupts();
  readonly #rates: RateSearch;
  readonly #json: Output | null;
  readonly #html: Output | null;
  readonly #runs: RunJson[] = [];
  readonly #steps: SearchStepJson[] = [];
  readonly #showsText: boolean;
  #answered = 0;
  #clientLimited = Infinity;

  constructor(
    plan: LoadPlan,
    search: SearchPlan,
    prepared: PreparedRun,
    argv: readonly string[],
    metrics: MetricsDoor | null,
  ) {
    this.#metrics = metrics;
    this.#plan = plan;
    this.#search = search;
    this.#prepared = prepared;
    this.#argv = argv;
    this.#rates = new RateSearch(search.from, search.to);
    const { json, html, quiet } = plan.output;
    this.#json = json === null ? null : Output.open(json);
    this.#html = html === null ? null : Output.open(html);
    this.#showsText = !quiet && json !== "-";
  }

  /** Resolves to the exit code. */
  async run(): Promise<number> {
    try {
      return await this.#interrupts.watch(() => this.#runAll());
    } finally {
      this.#json?.close();
      this.#html?.close();
    }
  }

  async #runAll(): Promise<number> {
    const { durationMs: stepMs, warmupMs } = this.#plan;
    this.#say(searchHeader(this.#search, this.#prepared.shownUrl, { stepMs, warmupMs }));
    for (let step = this.#rates.next; step !== null; step = this.#rates.next) {
      const isComplete = await this.#try(step);
      if (!isComplete) break;
    }
    const { best, found } = this.#rates;
    const isUnconfirmed = best !== null && found === null;
    this.#say(searchEnd(this.#search, best, this.#isClientLimit, isUnconfirmed));
    await this.#writeFiles();
    const isWritten = this.#reportFailedWrites();
    if (this.#interrupts.code !== 0) return this.#interrupts.code;
    if (this.#answered === 0 || !isWritten) return exitCodes.failed;
    return found === null ? exitCodes.threshold : exitCodes.ok;
  }

  /** False when a signal has ended it. */
  async #try(step: SearchStep): Promise<boolean> {
    const result = await this.#measure(step);
    if (this.#interrupts.code !== 0) return false;
    const { rate, isConfirmation } = step;
    const { passed, reason, isClientLimit } = judgeStep(this.#search.conditions, result);
    this.#answered += result.stats.counters[Slot.answered];
    if (isClientLimit) this.#clientLimited = Math.min(this.#clientLimited, rate);
    this.#rates.record(step, passed);
    this.#say(stepRow(rate, result, reason, isConfirmation));
    const run = this.#runs.push(await runJson(result, this.#plan.output.percentiles)) - 1;
    this.#steps.push({ requestsPerSecond: rate, isConfirmation, passed, reason, run });
    return true;
  }

  async #measure({ rate, isConfirmation }: SearchStep): Promise<LoadResult> {
    const durationMs = this.#plan.durationMs * (isConfirmation ? confirmationTimes : 1);
    const plan: LoadPlan = {
      ...this.#plan,
      durationMs,
      stages: [{ durationMs, rateStart: rate, rateEnd: rate }],
      // Whoever is slow at the end is slow: its latency belongs to the step.
      drainMs: this.#plan.timeoutMs,
    };
    const prepared = withTimes(this.#prepared, plan);
    const run = new LoadRun(plan, prepared, () => Promise.resolve(), this.#metrics);
    this.#interrupts.current = run;
    const isShown = showsProgress(plan);
    const result = await run.run({
      onStart: () => {},
      onInterval: (interval) => {
        if (!isShown) return;
        const leftMs = durationMs - interval.endMs;
        const counts = { doneCount: 0, wantedCount: Infinity, failedCount: 0 };
        writeStderr(progressLine(interval, { leftMs, ...counts }));
      },
    });
    if (isShown) writeStderr(clearLine);
    this.#interrupts.current = null;
    return result;
  }

  /** A rate above the best failed for the client's sake. */
  get #isClientLimit(): boolean {
    return this.#clientLimited < Infinity && this.#clientLimited >= (this.#rates.best ?? 0);
  }

  #say(text: string): void {
    if (this.#showsText) writeStdout(text);
  }

  async #writeFiles(): Promise<void> {
    if (this.#json === null && this.#html === null) return;
    const shown = this.#plan.output.showSecrets ? (word: string) => word : maskWord;
    const report: ReportJson = {
      schema: schemaName,
      environment: describeEnvironment(["hayate", "load", ...this.#argv.map(shown)]),
      plan: planJson(this.#plan, shown(this.#prepared.shownUrl)),
      runs: this.#runs,
      search: searchJson(this.#search, {
        foundRequestsPerSecond: this.#rates.found,
        isClientLimit: this.#isClientLimit,
        steps: this.#steps,
      }),
    };
    this.#json?.write(`${JSON.stringify(report, null, 2)}\n`);
    this.#json?.commit();
    if (this.#html === null) return;
    const { htmlReport } = await import("../report/report_html.ts");
    this.#html.write(await htmlReport(report));
    this.#html.commit();
  }

  #reportFailedWrites(): boolean {
    const failures = [this.#json?.failure ?? null, this.#html?.failure ?? null]
      .filter((failure) => failure !== null);
    for (const failure of failures) writeStderr(`hayate load: ${failure}\n`);
    return failures.length === 0;
  }
}
