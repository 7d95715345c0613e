/** Runs whose coordinator was killed, and what they have left in the Swarm. Pure. */
import type { Task } from "./tasks.ts";

/** Objects of a run, as found by its label. */
export interface FoundRun {
  readonly name: string;
  /** When it began, in milliseconds since the epoch; NaN: the label does not say. */
  readonly startedAtMs: number;
  /** `service`, `secret` or `network`. */
  readonly kinds: readonly string[];
}

/** A run may be about to make its service. */
const beginningMs = 120_000;

/** Reads lines of `NAME LABEL`, of each kind. */
export function readFound(lists: ReadonlyMap<string, string>): readonly FoundRun[] {
  const found = new Map<string, { startedAtMs: number; kinds: string[] }>();
  for (const [kind, text] of lists) {
    for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
      const [name, label = ""] = line.trim().split(" ");
      const run = found.get(name) ?? { startedAtMs: label === "" ? NaN : Number(label), kinds: [] };
      run.kinds.push(kind);
      found.set(name, run);
    }
  }
  return [...found].map(([name, run]) => ({ name, ...run }));
}

/** Whether the run has lost its coordinator. `tasks`: those of its service; they end without a leader. */
export function isLeft(run: FoundRun, tasks: readonly Task[], nowMs: number): boolean {
  if (tasks.length > 0) return tasks.every(({ hasEnded }) => hasEnded);
  return !(nowMs - run.startedAtMs < beginningMs);
}

/** How to remove it. The network goes last: the service uses it. */
export function removalOf({ name, kinds }: FoundRun): string {
  return ["service", "secret", "network"].filter((kind) => kinds.includes(kind))
    .map((kind) => `docker ${kind} rm ${name}`).join("; ");
}
