/** Adds the newer peers of `--peers` beside the installed ones. */
import type { ClientSpec, ServerSpec, ThroughputComparison } from "./comparison.ts";
import { newerProgram } from "./programs.ts";

/** Every contender, followed by the same one with its newer program where there is one. */
export function withNewer<T extends ClientSpec | ServerSpec>(contenders: readonly T[]): T[] {
  return contenders.flatMap((spec) => {
    const program = newerProgram(spec.program);
    return program === null ? [spec] : [spec, { ...spec, name: `${spec.name}, newer`, program }];
  });
}

/** The comparison with newer peers among its contenders. */
export function comparedWithNewer<T extends ThroughputComparison>(comparison: T): T {
  const known: readonly (ClientSpec | ServerSpec)[] = comparison.contenders;
  const contenders = withNewer(known).map((spec) =>
    comparison.hasSameLibrary && !known.includes(spec) ? { ...spec, isAside: true } : spec
  );
  return { ...comparison, contenders };
}
