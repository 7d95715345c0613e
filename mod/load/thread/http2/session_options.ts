import {
  defaultGuardRules,
  defaultSessionOptions,
  type GuardRule,
  type GuardRules,
  type SessionOptions,
} from "../../../http2/mod.ts";

/** A server under test may do what it likes as often as it likes: it takes its own time. */
const always: GuardRule = { burst: Infinity, perSecond: 0 };

const guard: GuardRules = {
  ...defaultGuardRules,
  resets: always,
  emptyFrames: always,
  settings: always,
  pings: always,
  priorities: always,
  windowUpdates: always,
  tinyWindows: always,
  paddings: always,
  tableSizes: always,
  strayFrames: always,
  continuationsMax: 64,
};

/** What h2load announces: the windows never hold the server up, and bodies are not kept. */
const windowBytes = 2 ** 30 - 1;

/** The client side of a run's connections. */
export const clientSessionOptions: SessionOptions = {
  ...defaultSessionOptions,
  isServer: false,
  streamWindowBytes: windowBytes,
  connectionWindowBytes: windowBytes,
  heldBytesMax: windowBytes,
  held: { now: 0, max: Infinity },
  limits: { ...defaultSessionOptions.limits, headBytesMax: 262_144, fieldsMax: 256 },
  guard,
};
