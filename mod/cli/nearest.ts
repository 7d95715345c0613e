import { closestString } from "../std/text.ts";

/** The candidate the user may have meant, or null when none is near enough to be worth a guess. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0 || word === "") return null;
  const starting = candidates.filter((candidate) => candidate.startsWith(word));
  if (starting.length === 1) return starting[0] as string;
  const guess = closestString(word, candidates);
  return sharedLetters(word, guess) * 2 >= Math.max(word.length, guess.length) ? guess : null;
}

/** Letters (with their number) that both words have: a cheap guard against far-fetched guesses. */
function sharedLetters(left: string, right: string): number {
  let remaining = right.toLowerCase();
  let count = 0;
  for (const letter of left.toLowerCase()) {
    const at = remaining.indexOf(letter);
    if (at < 0) continue;
    count += 1;
    remaining = remaining.slice(0, at) + remaining.slice(at + 1);
  }
  return count;
}
