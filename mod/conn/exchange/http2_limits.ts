/** The limits of a client's HTTP/2 connection, as the configuration and the help name them. */
import { defaultGuardRules, type GuardRule, type GuardRules } from "../../http2/mod.ts";

type Name = keyof GuardRules;

/** What each limit counts, in one line of help. */
const meanings: Readonly<Record<Name, string>> = {
  resets: "streams reset by the client, or for its faults",
  emptyFrames: "empty DATA and CONTINUATION frames",
  settings: "SETTINGS frames",
  pings: "PING frames",
  priorities: "PRIORITY and PRIORITY_UPDATE frames",
  windowUpdates: "WINDOW_UPDATE frames beyond two for each DATA frame",
  tinyWindows: "DATA frames below 256 bytes for want of window",
  paddings: "frames with more padding than content",
  tableSizes: "size updates of the HPACK table",
  strayFrames: "frames of unknown types or closed streams",
  waitingAnswersMax: "SETTINGS and PINGs whose answers are not read",
  continuationsMax: "CONTINUATION frames of one head",
};

/** One limit: how it is written, and what it counts. */
export interface LimitFacts {
  readonly name: Name;
  /** As in h2o.conf: `empty-frames`. */
  readonly key: string;
  readonly meaning: string;
  /** It has a rate besides its burst. */
  readonly hasRate: boolean;
  /** As it is written: `100 33`. */
  readonly defaultText: string;
}

export const limitFacts: readonly LimitFacts[] = (Object.keys(meanings) as Name[]).map((name) => {
  const rule: number | GuardRule = defaultGuardRules[name];
  return {
    name,
    key: name.replace(/Max$/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    meaning: meanings[name],
    hasRate: typeof rule !== "number",
    defaultText: typeof rule === "number" ? String(rule) : `${rule.burst} ${rule.perSecond}`,
  };
});

/** `BURST`, or `BURST RATE` where there is a rate; null when it is neither. */
export function parseLimit(text: string, hasRate: boolean): GuardRule | number | null {
  const match = /^(\d{1,9})(?: +(\d{1,9}))?$/.exec(text.trim());
  if (match === null) return null;
  const burst = Number(match[1]);
  if (!hasRate) return match[2] === undefined ? burst : null;
  return { burst, perSecond: Number(match[2] ?? 0) };
}

/** A line of help for each limit. */
export function limitLines(): string {
  return limitFacts.map(({ key, defaultText, meaning }) =>
    `  ${key.padEnd(16)} ${defaultText.padEnd(9)} ${meaning}`
  ).join("\n");
}
