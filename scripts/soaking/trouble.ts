/** Plans the troubles of a soak from a seed. Pure. */
import type { Random } from "../../tests/fuzz/random.ts";

/** Kinds of trouble. Only the first two may fail requests: those held by the killed process. */
export const troubleKinds = [
  "kill worker",
  "kill generation",
  "kill upstream",
  "HUP",
  "HUP twice",
  "API: add and remove a server",
  "API: take a server out and back",
  "API: change a weight",
] as const;
export type TroubleKind = typeof troubleKinds[number];

/** Relative frequency of each kind. */
const weights: Readonly<Record<TroubleKind, number>> = {
  "kill worker": 2,
  "kill generation": 1,
  "kill upstream": 3,
  "HUP": 5,
  "HUP twice": 1,
  "API: add and remove a server": 3,
  "API: take a server out and back": 3,
  "API: change a weight": 3,
};

export interface Trouble {
  /** Since the start of the load. */
  readonly atMs: number;
  readonly kind: TroubleKind;
}

/** Quiet time at both ends, where resources are compared. */
export const quietMs = 15_000;

const pauseMinMs = 2000;
const pauseMaxMs = 6000;

/**
 * The whole plan of a soak. It begins with each kind once, so that even a short soak covers all of
 * them, and ends with a HUP, so that the last generation is as young as the first one was.
 */
export function planTroubles(random: Random, durationMs: number): Trouble[] {
  const bag = troubleKinds.flatMap((kind) => Array<TroubleKind>(weights[kind]).fill(kind));
  const first = shuffled(random, troubleKinds);
  const troubles: Trouble[] = [];
  const endMs = durationMs - quietMs;
  let atMs = quietMs;
  while (atMs < endMs) {
    troubles.push({ atMs, kind: first[troubles.length] ?? random.pick(bag) });
    atMs += pauseMinMs + random.below(pauseMaxMs - pauseMinMs);
  }
  troubles.push({ atMs: endMs, kind: "HUP" });
  return troubles;
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const rest = [...list];
  const drawn: T[] = [];
  while (rest.length > 0) drawn.push(...rest.splice(random.below(rest.length), 1));
  return drawn;
}

/** True when requests held by a killed process may fail. */
export function mayCost(kind: TroubleKind): boolean {
  return kind === "kill worker" || kind === "kill generation";
}
