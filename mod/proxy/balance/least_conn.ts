/** Fewest active exchanges per weight; smooth weighted round robin among equals (nginx). */
import type { Load } from "./candidates.ts";

export const activeLoad: Load = {
  followsRequests: true,
  // Quotients of counts this small are equal exactly where the fractions are.
  of: (peer) => peer.active / peer.weight,
  changesAtMs: () => Infinity,
};
