/** Collects all problems of a configuration, so that one run reports every one. */
import type { Position } from "./tree.ts";

export interface Problem {
  readonly at: Position;
  readonly message: string;
}

/** Most problems in one report; a file of another format must not flood the terminal. */
const problemsMax = 50;

export class Problems {
  readonly #problems: Problem[] = [];

  add(at: Position, message: string): void {
    this.#problems.push({ at, message });
  }

  get count(): number {
    return this.#problems.length;
  }

  /** One line each, in file order: `[h2o.conf:9] unknown directive: x`. */
  lines(): string[] {
    const sorted = this.#problems
      .map((problem, order) => ({ problem, order }))
      .sort((a, b) => {
        const sameFile = a.problem.at.file === b.problem.at.file;
        return (sameFile ? a.problem.at.line - b.problem.at.line : 0) || a.order - b.order;
      });
    const lines = sorted.map(({ problem }) => formatProblem(problem));
    if (lines.length <= problemsMax) return lines;
    const left = lines.length - problemsMax;
    return [...lines.slice(0, problemsMax), `... and ${left} more`];
  }
}

export function formatProblem({ at, message }: Problem): string {
  // A value from the file may contain line ends; a problem is still one line.
  const oneLine = message.replace(/[\x00-\x1f\x7f]/g, (byte) => JSON.stringify(byte).slice(1, -1));
  return `[${at.file}:${at.line}] ${oneLine}`;
}
