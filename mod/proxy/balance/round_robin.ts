/** Smooth weighted round robin among all peers. */
import type { Load } from "./candidates.ts";

export const evenLoad: Load = {
  followsRequests: false,
  of: () => 0,
  changesAtMs: () => Infinity,
};
