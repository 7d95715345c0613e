/** What became of the last generations, from the lifecycle's events. Pure. */
import { shortLine } from "../../base/short_line.ts";
import { describeStatus } from "../../lifecycle/core/reasons.ts";
import type { LogEvent, State } from "../../lifecycle/core/state.ts";
import {
  causeCharsMax,
  type GenerationEntry,
  type GenerationFailure,
  type GenerationReport,
  generationsMax,
  type GenerationState,
} from "../../process/handover/generation_report.ts";

/** A generation whose state is known from the events alone as soon as it has ended. */
type Entry = {
  -readonly [Name in keyof GenerationEntry]: GenerationEntry[Name];
};

export class GenerationHistory {
  readonly #supervisor: number;
  readonly #nowMs: () => number;
  /** The oldest first. */
  readonly #entries: Entry[] = [];
  /** What the workers have said of themselves (`STATUS=`), by generation. */
  readonly #said = new Map<number, string>();
  #startFailures = 0;
  #deaths = 0;
  #lastFailure: GenerationFailure | null = null;
  /** What the next start is for. */
  #why: string;
  #isAgain = false;
  /** Why a reload was asked for, if not by HUP. */
  #request = "";

  /** `why`: what the first generation is started for. `nowMs`: epoch ms. */
  constructor(supervisor: number, why: string, nowMs: () => number) {
    this.#supervisor = supervisor;
    this.#why = why;
    this.#nowMs = nowMs;
  }

  /** The last failure of any generation; null: none so far. */
  get lastFailure(): GenerationFailure | null {
    return this.#lastFailure;
  }

  /** Continues the report of the program before this one. */
  resume({ startFailures, deaths, lastFailure, generations }: GenerationReport): void {
    this.#startFailures = startFailures;
    this.#deaths = deaths;
    this.#lastFailure = lastFailure;
    this.#entries.push(...generations.toReversed().map((entry) => ({ ...entry })));
  }

  /** The restart that comes next is not for a HUP. */
  request(why: string): void {
    this.#request = why;
  }

  /** A worker says how it is, or why it ends. */
  note(generation: number, text: string): void {
    this.#said.set(generation, shortLine(text, causeCharsMax));
    for (const number of this.#said.keys()) {
      if (number <= generation - generationsMax) this.#said.delete(number);
    }
  }

  on(entry: LogEvent): void {
    switch (entry.event) {
      case "hup":
        return this.#next(this.#request || "HUP");
      case "auto-restart":
        return this.#next("auto-restart");
      case "replacing":
        return this.#next(entry.reason);
      case "starting":
        return this.#begin(entry.generation, entry.pid);
      case "refused":
        this.#begin(entry.generation, 0);
        return this.#startFailed(entry.generation, entry.reason);
      case "start-failed":
        return this.#startFailed(entry.generation, this.#endOf(entry));
      case "start-timeout":
        return this.#startFailed(
          entry.generation,
          this.#with(entry.generation, `not ready within ${entry.timeoutMs / 1000} s`),
        );
      case "rolled-back":
        return this.#startFailed(entry.generation, `died in its trial: ${this.#endOf(entry)}`);
      case "died-unexpectedly":
        return this.#died(entry.generation, this.#endOf(entry));
      case "old-died":
      case "died":
        return this.#end(entry.generation, "ended", describeStatus(entry.status));
    }
  }

  /** `state` tells what becomes of those that live. */
  report(state: State): GenerationReport {
    const living = livingStates(state);
    return {
      supervisor: this.#supervisor,
      startFailures: this.#startFailures,
      deaths: this.#deaths,
      lastFailure: this.#lastFailure,
      generations: this.#entries.toReversed().map((entry) => ({
        ...entry,
        state: entry.endedMs === null ? living.get(entry.number) ?? entry.state : entry.state,
      })),
    };
  }

  #next(why: string): void {
    this.#why = shortLine(why, causeCharsMax);
    this.#isAgain = false;
    this.#request = "";
  }

  #begin(number: number, pid: number): void {
    if (this.#entries.some((entry) => entry.number === number)) return;
    this.#entries.push({
      ...{ number, pid, startedMs: this.#nowMs(), state: "starting", endedMs: null, cause: "" },
      by: this.#isAgain ? `${this.#why}, again` : this.#why,
    });
    // The oldest that has ended goes first.
    while (this.#entries.length > generationsMax) {
      const oldest = this.#entries.findIndex(({ endedMs }) => endedMs !== null);
      this.#entries.splice(Math.max(0, oldest), 1);
    }
  }

  #startFailed(generation: number, cause: string): void {
    if (this.#entryOf(generation)?.state === "failed") return;
    this.#startFailures++;
    this.#isAgain = true;
    this.#fail(generation, cause);
  }

  #died(generation: number, cause: string): void {
    this.#deaths++;
    this.#next(`death of generation ${generation}`);
    this.#fail(generation, cause);
  }

  #fail(number: number, cause: string): void {
    this.#lastFailure = { number, cause, atMs: this.#nowMs() };
    this.#end(number, "failed", cause);
  }

  /** The first end counts: one that was too slow is told to end afterwards. */
  #end(number: number, state: GenerationState, cause: string): void {
    const entry = this.#entryOf(number);
    if (entry === undefined || entry.endedMs !== null) return;
    entry.state = state;
    entry.cause = shortLine(cause, causeCharsMax);
    entry.endedMs = this.#nowMs();
  }

  #entryOf(number: number): Entry | undefined {
    return this.#entries.find((entry) => entry.number === number);
  }

  #endOf({ generation, status }: { generation: number; status: number | null }): string {
    const how = describeStatus(status);
    // What a worker that was killed has said before is not why it ended.
    return status !== null && (status & 0x7f) === 0 ? this.#with(generation, how) : how;
  }

  #with(generation: number, cause: string): string {
    const said = this.#said.get(generation) ?? "";
    return shortLine(said === "" ? cause : `${cause}: ${said}`, causeCharsMax);
  }
}

function livingStates({ slots, surplus }: State): ReadonlyMap<number, GenerationState> {
  const states = new Map<number, GenerationState>();
  for (const { current, candidate, previous, draining } of slots) {
    for (const worker of draining) states.set(worker.generation, "draining");
    if (previous !== null) states.set(previous.generation, "replaced");
    if (candidate !== null) states.set(candidate.generation, "starting");
    if (current !== null) states.set(current.generation, "serving");
  }
  for (const worker of surplus) states.set(worker.generation, "replaced");
  return states;
}
