/** What a supervisor tells its workers about the generations that it has started. Pure. */
import {
  amount,
  count,
  list,
  nullable,
  oneOf,
  readShaped,
  record,
  text,
  whole,
} from "../../base/shape.ts";

export const generationStates = [
  "starting",
  "serving",
  /** A newer one serves; this one can still take over again. */
  "replaced",
  "draining",
  "ended",
  "failed",
] as const;
export type GenerationState = typeof generationStates[number];

/** One start of the command. Times are epoch ms. */
export interface GenerationEntry {
  readonly number: number;
  /** 0: no process could be started. */
  readonly pid: number;
  readonly startedMs: number;
  /** `HUP`, `death of generation 3`. */
  readonly by: string;
  readonly state: GenerationState;
  /** null: it lives. */
  readonly endedMs: number | null;
  /** Why it failed, or how it ended; "" as long as it lives. */
  readonly cause: string;
}

/** A start that failed, or a generation that died while it served. */
export interface GenerationFailure {
  readonly number: number;
  readonly cause: string;
  readonly atMs: number;
}

export interface GenerationReport {
  /** Pid of the supervisor. */
  readonly supervisor: number;
  /** Since the supervisor's start, over a replacement of its program. */
  readonly startFailures: number;
  readonly deaths: number;
  /** The last one, also after a success. */
  readonly lastFailure: GenerationFailure | null;
  /** The newest first; at most `generationsMax`. */
  readonly generations: readonly GenerationEntry[];
}

export const generationsMax = 16;
/** Most characters of a cause, which may quote what a worker has said. */
export const causeCharsMax = 300;

const shape = record<GenerationReport>({
  supervisor: whole(1),
  startFailures: count,
  deaths: count,
  lastFailure: nullable(
    record<GenerationFailure>({ number: count, cause: text, atMs: amount }),
  ),
  generations: list(record<GenerationEntry>({
    number: count,
    pid: count,
    startedMs: amount,
    by: text,
    state: oneOf(...generationStates),
    endedMs: nullable(amount),
    cause: text,
  })),
});

/** null: not a whole report. */
export function readReport(json: string): GenerationReport | null {
  const read = readShaped<GenerationReport>(json, shape, "the report");
  return typeof read === "string" ? null : read.value;
}

/** `generation 3: exit code 78: ...`. */
export function failureText(
  { number, cause }: Pick<GenerationFailure, "number" | "cause">,
): string {
  return `generation ${number}: ${cause}`;
}

/** `1 failed start, 0 deaths`. */
export function failuresText(
  { startFailures, deaths }: Pick<GenerationReport, "startFailures" | "deaths">,
): string {
  return `${startFailures} failed ${startFailures === 1 ? "start" : "starts"}, ` +
    `${deaths} ${deaths === 1 ? "death" : "deaths"}`;
}
