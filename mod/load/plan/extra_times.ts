/** Times that only some runs measure; each has a histogram of its own. */

/** Per connection with --phases: TCP or the unix socket; TLS. */
export const connectionTimes = ["transportConnect", "tlsHandshake"] as const;
/** Per request with --phases: from its send to the first byte; from there to the last one. */
export const exchangeTimes = ["firstByte", "transfer"] as const;

export type ExtraTime =
  | typeof connectionTimes[number]
  | typeof exchangeTimes[number];

/** The times of `--phases`. */
export const phaseTimes: readonly ExtraTime[] = [...connectionTimes, ...exchangeTimes];
