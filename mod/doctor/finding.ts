/** What is wrong with a host for some of the modes. */

/** The modes that are judged, in the order of reports. */
export const judgedModes = ["load", "serve", "supervise", "proxy"] as const;
export type JudgedMode = typeof judgedModes[number];

/**
 * bites: ordinary use runs into it. note: only the use that the text names does.
 * The exit code looks at the first alone.
 */
export type Severity = "bites" | "note";

export interface Finding {
  /** Stable name for scripts: `somaxconn`. */
  readonly name: string;
  readonly severity: Severity;
  readonly modes: readonly JudgedMode[];
  /** What was found: `net.core.somaxconn is 128`. */
  readonly found: string;
  /** What it does to the modes. */
  readonly effect: string;
  /** Commands that mend it, to be copied. */
  readonly mend: readonly string[];
}

/** One check of the facts: null when there is nothing to say. Pure. */
export type Rule<F> = (facts: F) => Finding | null;
