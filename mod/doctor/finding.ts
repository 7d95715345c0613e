/** A problem of the host that affects some of the modes. */

/** The modes that are checked, in the order of the report. */
export const judgedModes = ["load", "serve", "supervise", "proxy"] as const;
export type JudgedMode = typeof judgedModes[number];

/**
 * fail: affects ordinary use. warn: affects only the use that the text names.
 * The exit code counts only failures.
 */
export type Severity = "fail" | "warn";

export interface Finding {
  /** Stable name for scripts: `somaxconn`. */
  readonly name: string;
  readonly severity: Severity;
  readonly modes: readonly JudgedMode[];
  /** What was found, as a clause: `net.core.somaxconn is 128`. */
  readonly found: string;
  /** How it affects the modes; a sentence without a full stop. */
  readonly effect: string;
  /** Commands that fix it, ready to paste; advice that is not a command begins with `#`. */
  readonly fix: readonly string[];
}

/** One check of the facts; null if it passes. Pure. */
export type Rule<F> = (facts: F) => Finding | null;
