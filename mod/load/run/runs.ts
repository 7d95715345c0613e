/** All runs of one command: output, report files, thresholds and Ctrl-C. */
import { exitCodes } from "../../base/errors.ts";
import { Histogram } from "../../metrics/histogram.ts";
import { percentileDistribution } from "../../metrics/histogram_text.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import { describeEnvironment } from "../report/environment.ts";
import { Output, writeStderr, writeStdout } from "../report/outputs.ts";
import type { LoadPlan } from "../plan/plan.ts";
import { additions } from "../report/report_additions.ts";
import { csvReport } from "../report/report_csv.ts";
import {
  type EnvironmentJson,
  intervalJson,
  planJson,
  type ReportJson,
  type RunJson,
  runJson,
  schemaName,
} from "../report/json/report_json.ts";
import { wrkHeader, wrkReport } from "../report/report_wrk.ts";
import type { Interval, LoadResult } from "../stats/result.ts";
import type { Run } from "./load_run.ts";
import type { MainScript } from "./main_script.ts";
import { openProgress, type RunProgress } from "./progress.ts";
import { isSecretName, maskValues, maskWord } from "../plan/secrets.ts";
import { Slot } from "../stats/thread_stats.ts";
import { brokenThresholds } from "../report/verdict.ts";

/** 128 + SIGTERM. */
export const terminatedCode = 143;
type FileKind = "json" | "csv" | "hdr" | "timeseries" | "html";
const fileKinds: readonly FileKind[] = ["json", "csv", "hdr", "timeseries", "html"];

/** Where the runs come from: this process, or several machines. */
export interface RunSource {
  /** The URL in the first line of the report. */
  readonly shownUrl: string;
  /** Threads of all of a run. */
  readonly threads: number;
  next(): Run;
  /** What the report says of the machine, given what it would say of this one. */
  describe(environment: EnvironmentJson): EnvironmentJson;
}

export class LoadRuns {
  readonly #plan: LoadPlan;
  readonly #source: RunSource;
  readonly #argv: readonly string[];
  readonly #outputs = new Map<FileKind, Output>();
  readonly #runs: RunJson[] = [];
  readonly #latency = new Histogram();
  readonly #showsText: boolean;
  readonly #progress: RunProgress;
  readonly #script: MainScript | null;
  #current: Run | null = null;
  #failed = 0;
  #answered = 0;
  #signalCode = 0;
  /** Exit code requested in the script's `done`; null: none. */
  #scriptCode: number | null = null;
  #leave: () => void = () => {};

  constructor(
    plan: LoadPlan,
    source: RunSource,
    argv: readonly string[],
    script: MainScript | null,
  ) {
    this.#script = script;
    this.#plan = plan;
    this.#source = source;
    this.#argv = argv;
    for (const kind of fileKinds) {
      const path = plan.output[kind];
      // A time series is read while it is written.
      if (path !== null) this.#outputs.set(kind, Output.open(path, kind === "timeseries"));
    }
    const stdoutTaken = [...this.#outputs.values()].some((output) => output.path === "-");
    this.#showsText = !plan.output.quiet && !stdoutTaken;
    this.#progress = openProgress(
      plan,
      source.shownUrl,
      () => this.#onSignal(exitCodes.interrupted),
    );
  }

  /** Resolves to the exit code. */
  async run(): Promise<number> {
    // The second Ctrl-C exits at once.
    const left = new Promise<number>((resolve) => {
      this.#leave = () => resolve(this.#signalCode);
    });
    const removers = [
      addSignalListener("INT", () => this.#onSignal(exitCodes.interrupted)),
      addSignalListener("TERM", () => this.#onSignal(terminatedCode)),
    ];
    try {
      return await Promise.race([this.#runAll(), left]);
    } finally {
      for (const remove of removers) remove();
      this.#progress.close();
      for (const output of this.#outputs.values()) output.close();
    }
  }

  #onSignal(code: number): void {
    if (this.#signalCode !== 0) return this.#leave();
    this.#signalCode = code;
    this.#script?.interrupt(code);
    if (this.#current === null) this.#leave();
    else this.#current.interrupt(code);
  }

  async #runAll(): Promise<number> {
    let broken = 0;
    let answered = 0;
    for (let index = 0; this.#continues(index); index++) {
      const result = await this.#runOnce(index);
      const lines = brokenThresholds(this.#plan.thresholds, result);
      broken += lines.length;
      const { counters } = result.stats;
      answered += this.#arrivedIn(counters);
      if (!this.#plan.output.quiet) { for (const line of lines) writeStderr(`${line}\n`); }
      if (this.#outputs.size > 0) {
        this.#runs.push(await runJson(this.#shown(result), this.#plan.output.percentiles));
        this.#latency.add(result.stats.latency);
      }
    }
    await this.#writeFiles();
    const isWritten = this.#reportFailedWrites();
    if (this.#signalCode !== 0) return this.#signalCode;
    if (this.#scriptCode !== null) return this.#scriptCode;
    if (broken > 0) return exitCodes.threshold;
    // A shell script that forgot to start its server must fail, not continue with zeros.
    if (answered === 0 && !this.#plan.output.quiet) {
      writeStderr("hayate load: no response arrived while it measured\n");
    }
    return answered > 0 && isWritten ? exitCodes.ok : exitCodes.failed;
  }

  /** What says that the server answers: a stream may have been opened in the warm-up. */
  #arrivedIn(counters: Float64Array): number {
    const { webSocket } = this.#plan;
    const arrived = counters[Slot.answered];
    if (webSocket === null) return arrived + counters[Slot.received];
    return webSocket.answer === "none" ? counters[Slot.socketsOpened] : arrived;
  }

  #continues(index: number): boolean {
    return index < this.#plan.repeat && this.#signalCode === 0 && this.#scriptCode === null;
  }

  async #runOnce(index: number): Promise<LoadResult> {
    const plan = this.#plan;
    const run = this.#current = this.#source.next();
    this.#failed = 0;
    this.#answered = 0;
    const result = await this.#watch(run, index);
    if (this.#showsText) {
      writeStdout(wrkReport(result, plan.output.latency) + additions(result, plan.output));
    }
    this.#scriptCode = await this.#script?.done(result) ?? this.#scriptCode;
    return result;
  }

  async #watch(run: Run, index: number): Promise<LoadResult> {
    try {
      return await run.run({
        onStart: () => {
          this.#showHeader();
          this.#progress.begin(index);
        },
        onInterval: (interval) => this.#onInterval(index, interval),
      });
    } finally {
      this.#progress.end();
    }
  }

  /** Values of Set-Cookie and similar fields are secrets too. */
  #shown(result: LoadResult): LoadResult {
    const { groupBy, answerCounts } = result;
    const isOpen = this.#plan.output.showSecrets || groupBy === null || answerCounts === null;
    if (isOpen || !isSecretName(groupBy)) return result;
    return { ...result, answerCounts: maskValues(answerCounts) };
  }

  #showHeader(): void {
    if (!this.#showsText) return;
    const { durationMs, connections, requestCount } = this.#plan;
    const { shownUrl, threads } = this.#source;
    writeStdout(wrkHeader(shownUrl, durationMs, threads, connections, requestCount));
  }

  #onInterval(index: number, interval: Interval): void {
    this.#failed += interval.failed;
    this.#answered += interval.requests;
    this.#progress.add(interval, {
      doneCount: this.#answered + this.#failed,
      failedCount: this.#failed,
    });
    const line = this.#outputs.get("timeseries");
    if (line === undefined) return;
    const time = new Date().toISOString();
    line.write(`${JSON.stringify({ run: index + 1, time, ...intervalJson(interval) })}\n`);
  }

  async #writeFiles(): Promise<void> {
    if (this.#outputs.size === 0) return;
    const shown = this.#plan.output.showSecrets ? (word: string) => word : maskWord;
    const report: ReportJson = {
      schema: schemaName,
      environment: this.#source.describe(
        describeEnvironment(["hayate", "load", ...this.#argv.map(shown)]),
      ),
      plan: {
        ...planJson(this.#plan, shown(this.#source.shownUrl)),
        threads: this.#source.threads,
      },
      runs: this.#runs,
    };
    this.#outputs.get("json")?.write(`${JSON.stringify(report, null, 2)}\n`);
    this.#outputs.get("csv")?.write(csvReport(this.#runs));
    this.#outputs.get("hdr")?.write(percentileDistribution(this.#latency));
    const html = this.#outputs.get("html");
    if (html !== undefined) {
      const { htmlReport } = await import("../report/report_html.ts");
      html.write(await htmlReport(report));
    }
    for (const output of this.#outputs.values()) output.commit();
  }

  /** Prints failed writes. False when a report is incomplete. */
  #reportFailedWrites(): boolean {
    let isWritten = true;
    for (const { failure } of this.#outputs.values()) {
      if (failure === null) continue;
      isWritten = false;
      writeStderr(`hayate load: ${failure}\n`);
    }
    return isWritten;
  }
}
