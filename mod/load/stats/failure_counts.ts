import { type FailureKind, failureKinds } from "../plan/failure.ts";
import type { FailureCount } from "../plan/thread_plan.ts";

/** Counts failures by kind and errno name. */
export class FailureCounts {
  readonly #counts = new Map<string, number>();

  add(kind: FailureKind, code: string, count: number): void {
    const key = `${kind} ${code}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  /** In the order of `inOrder`; `statuses[status]` counts responses by status. */
  list(statuses: ArrayLike<number>): FailureCount[] {
    const list: FailureCount[] = Array.from(this.#counts, ([key, count]) => {
      const space = key.indexOf(" ");
      return { kind: key.slice(0, space), code: key.slice(space + 1), count };
    });
    for (let status = 400; status < statuses.length; status++) {
      const count = statuses[status];
      if (count > 0) list.push({ kind: "status", code: `${status}`, count });
    }
    return inOrder(list);
  }
}

/** Sorts the list: by kind, then the most frequent first. */
export function inOrder(failures: FailureCount[]): FailureCount[] {
  const order = ({ kind }: FailureCount) => (failureKinds as readonly string[]).indexOf(kind);
  return failures.sort((a, b) => order(a) - order(b) || b.count - a.count);
}

/** One line for each kind and code, by kind, then the most frequent first. */
export function mergeFailures(failures: readonly FailureCount[]): FailureCount[] {
  const counts = new Map<string, FailureCount>();
  for (const { kind, code, count } of failures) {
    const key = `${kind} ${code}`;
    counts.set(key, { kind, code, count: count + (counts.get(key)?.count ?? 0) });
  }
  return inOrder([...counts.values()]);
}
