/** Finds what is loaded together after the start of a role: with an `import()`. */
import type { Recording } from "./recorder.ts";

/**
 * The chunks of each part, by the name of the chunk that is imported. A chunk of `chunks` begins a part
 * if a run has loaded it by `import()` and its role does not have it from its start. `roles`: the
 * chunks that each role has.
 */
export function partsOf(
  chunks: ReadonlyMap<string, string>,
  roles: ReadonlyMap<string, ReadonlySet<string>>,
  recorded: readonly Pick<Recording, "role" | "names">[],
): Map<string, ReadonlySet<string>> {
  const onDemand = new Set([...chunks.values()].flatMap((text) => namesIn(text, loads)));
  const parts = new Map<string, ReadonlySet<string>>();
  for (const { role, names } of recorded) {
    const present = roles.get(role) ?? new Set();
    for (const name of names) {
      if (!onDemand.has(name) || present.has(name) || parts.has(name)) continue;
      parts.set(name, reached(name, chunks, present));
    }
  }
  return parts;
}

const requires = /\b__require\("([^"]+)"\)/g;
const loads = /\b__load\("([^"]+)"\)/g;

/** The chunk `first` and those that it imports, directly or not, without those that are `present`. */
function reached(
  first: string,
  chunks: ReadonlyMap<string, string>,
  present: ReadonlySet<string>,
): ReadonlySet<string> {
  const found = new Set([first]);
  // Grows while it is gone through.
  for (const name of found) {
    for (const next of namesIn(chunks.get(name)!, requires)) {
      if (chunks.has(next) && !present.has(next)) found.add(next);
    }
  }
  return found;
}

function namesIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, name]) => name);
}
