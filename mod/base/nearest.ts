/**
 * Suggests the word that was meant.
 *
 * Not @std/text's closestString: its table takes 4.5 MB in every process, and it counts swapping two
 * neighbouring letters, the commonest slip, as two edits.
 */

/**
 * The candidate the user probably meant: the only one that begins with `word`, else the nearest within
 * a third of the longer word's length in edits, at least one. null: none is close enough.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word === "") return null;
  const all = [...candidates];
  const starting = all.filter((candidate) => candidate.startsWith(word));
  if (starting.length === 1) return starting[0];
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of all) {
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (Math.abs(word.length - candidate.length) > allowed) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance > allowed || distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/**
 * `: did you mean ...?` with up to three candidates that begin with `word`, else the nearest one.
 */
export function question(word: string, candidates: readonly string[], prefix: string): string {
  const begun = word === "" ? [] : candidates.filter((candidate) => candidate.startsWith(word));
  const one = nearest(word, candidates);
  const meant = begun.length > 1 && begun.length <= begunMax ? begun : one === null ? [] : [one];
  if (meant.length === 0) return "";
  return `: did you mean ${meant.map((candidate) => prefix + candidate).join(" or ")}?`;
}

const begunMax = 3;

/** Letters inserted, deleted, replaced or swapped with a neighbour (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let best = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] &&
        left[i - 2] === right[j - 1];
      if (swapped) best = Math.min(best, before[j - 2] + 1);
      row.push(best);
    }
    before = above;
    above = row;
  }
  return above[right.length];
}
