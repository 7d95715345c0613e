/** Responses counted by the value of a field (--group-by), over several threads or machines. */

/** Adds the counts of several threads or machines; null when none was counted. */
export function addAnswerCounts(
  all: readonly (Readonly<Record<string, number>> | null)[],
): Record<string, number> | null {
  const total = new Map<string, number>();
  for (const counts of all) {
    for (const [value, count] of Object.entries(counts ?? {})) {
      total.set(value, (total.get(value) ?? 0) + count);
    }
  }
  return all.every((counts) => counts === null) ? null : Object.fromEntries(total);
}
