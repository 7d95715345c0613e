/** The combinations of a file's matrix: one value of each axis. Pure. */
import type { ConfigNode, ConfigPair, Problems } from "../../config/mod.ts";

/** A combination of values, and the name that tells it from the others. */
export interface Combination {
  readonly label: string;
  readonly pairs: readonly ConfigPair[];
}

/** One value of an axis. */
type Choice = Combination;

/** Every combination, the last axis varying fastest; one without anything for no matrix. */
export function combinationsOf(matrix: ConfigNode | null, problems: Problems): Combination[] {
  if (matrix === null) return [{ label: "", pairs: [] }];
  if (matrix.kind !== "mapping") {
    problems.add(matrix.at, "matrix: expected a mapping from settings to lists of values");
    return [];
  }
  let all: Combination[] = [{ label: "", pairs: [] }];
  for (const axis of matrix.pairs) {
    const choices = choicesOf(axis, problems);
    all = all.flatMap((before) =>
      choices.map(({ label, pairs }) => ({
        label: before.label === "" ? label : `${before.label}, ${label}`,
        pairs: [...before.pairs, ...pairs],
      }))
    );
    if (all.length > combinationsMax) {
      problems.add(axis.key.at, `matrix: more than ${combinationsMax} combinations`);
      return [];
    }
  }
  return all;
}

export const combinationsMax = 1000;

/** A list gives the values of one setting. A mapping gives named groups of settings. */
function choicesOf({ key, value }: ConfigPair, problems: Problems): Choice[] {
  if (value.kind === "sequence" && value.items.length > 0) {
    return value.items.map((item) => ({
      label: item.kind === "scalar" ? `${key.text} ${item.text}` : key.text,
      pairs: [{ key, value: item }],
    }));
  }
  if (value.kind === "mapping" && value.pairs.length > 0) {
    return value.pairs.map((named) => {
      if (named.value.kind === "mapping") {
        return { label: named.key.text, pairs: named.value.pairs };
      }
      problems.add(named.value.at, `matrix: ${key.text}: ${named.key.text}: expected settings`);
      return { label: named.key.text, pairs: [] };
    });
  }
  const expected = "expected a list of values, or names with settings";
  problems.add(value.at, `matrix: ${key.text}: ${expected}`);
  return [];
}
