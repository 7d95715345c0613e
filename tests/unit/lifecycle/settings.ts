/** Settings to start from in tests. */
import type { Settings } from "../../../mod/lifecycle/core/state.ts";

/** Server::Starter's defaults. */
export const plainSettings: Settings = {
  signalOnHup: "TERM",
  signalOnTerm: "TERM",
  signalAtOnce: "TERM",
  signalOnLeave: "URG",
  firstStart: "all",
  startedWith: "every",
  spawnIntervalMs: 0,
  freeFailures: 2,
  freeCrashes: 5,
  backoffFirstMs: 1000,
  readiness: "interval",
  intervalMs: 1000,
  startTimeoutMs: 0,
  startFailuresMax: 0,
  firstStartFailuresMax: 0,
  killOldDelayMs: 0,
  trialMs: 0,
  drainTimeoutMs: 0,
  generationsMax: 0,
  autoRestartMs: 0,
};
