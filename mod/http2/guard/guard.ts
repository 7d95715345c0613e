/** What a peer may do too often, with names, limits and the attacks that they stop. */
import { Allowance } from "./allowance.ts";

/** DATA of this size pays for one that a tiny window made small. */
const usefulBytes = 1024;

/** One limit: `burst` at once, then `perSecond`. */
export interface GuardRule {
  readonly burst: number;
  readonly perSecond: number;
}

/** The limits of one connection. */
export interface GuardRules {
  /**
   * Streams that end by RST_STREAM, from the peer (rapid reset, CVE-2023-44487) or from us for a fault
   * of the peer (MadeYouReset, CVE-2025-8671).
   */
  readonly resets: GuardRule;
  /** DATA without bytes and without END_STREAM, and empty CONTINUATION frames. */
  readonly emptyFrames: GuardRule;
  /** SETTINGS, beside those that wait to be acknowledged. */
  readonly settings: GuardRule;
  /** PING, beside those that wait to be answered. */
  readonly pings: GuardRule;
  /** PRIORITY and PRIORITY_UPDATE. */
  readonly priorities: GuardRule;
  /** WINDOW_UPDATE; two are given back for each DATA frame that was sent. */
  readonly windowUpdates: GuardRule;
  /**
   * DATA of less than 256 bytes that we send because the peer's windows have no more room; each large
   * frame gives one back.
   */
  readonly tinyWindows: GuardRule;
  /** Frames with more padding than content. */
  readonly paddings: GuardRule;
  /** Size updates of the dynamic table. */
  readonly tableSizes: GuardRule;
  /** Frames of unknown types, for streams that are closed, acknowledgements, GOAWAY. */
  readonly strayFrames: GuardRule;
  /** SETTINGS and PINGs whose answers wait for a peer that does not read. */
  readonly waitingAnswersMax: number;
  /** CONTINUATION frames of one field section (CVE-2024-27316). */
  readonly continuationsMax: number;
}

/**
 * Browsers and gRPC send a few of each in a connection's lifetime; the bursts are ten times that and
 * more. Chromium sends a PRIORITY_UPDATE for images as they become visible, gRPC a PING every 10 s.
 */
export const defaultGuardRules: GuardRules = {
  resets: { burst: 100, perSecond: 33 },
  emptyFrames: { burst: 1000, perSecond: 10 },
  settings: { burst: 100, perSecond: 1 },
  pings: { burst: 100, perSecond: 10 },
  priorities: { burst: 1000, perSecond: 100 },
  windowUpdates: { burst: 1000, perSecond: 100 },
  tinyWindows: { burst: 1000, perSecond: 10 },
  paddings: { burst: 1000, perSecond: 10 },
  tableSizes: { burst: 100, perSecond: 1 },
  strayFrames: { burst: 1000, perSecond: 100 },
  waitingAnswersMax: 32,
  continuationsMax: 8,
};

/** Why a connection was ended with ENHANCE_YOUR_CALM. The names are for logs and metrics. */
export type GuardReason = keyof GuardRules | "listBytes";

type Counted = {
  [Name in keyof GuardRules]: GuardRules[Name] extends GuardRule ? Name : never;
}[keyof GuardRules];

/** The counters of one connection. Most are made at their first use: few peers need any. */
export class Guard {
  readonly #rules: GuardRules;
  #allowances: Partial<Record<Counted, Allowance>> | null = null;
  #waitingAnswers = 0;

  constructor(rules: GuardRules) {
    this.#rules = rules;
  }

  get continuationsMax(): number {
    return this.#rules.continuationsMax;
  }

  /** Counts one; false when the peer has passed the limit. */
  allows(name: Counted, nowMs: number): boolean {
    const rule = this.#rules[name];
    const allowances = this.#allowances ??= {};
    const allowance = allowances[name] ??= new Allowance(rule.burst, rule.perSecond);
    return allowance.take(nowMs);
  }

  /**
   * DATA of `count` bytes was sent: the peer may answer with WINDOW_UPDATE for stream and connection.
   * A reader whose windows are tiny now and then, between large ones, is no attack.
   */
  noteDataSent(count: number): void {
    if (this.#allowances === null) return;
    this.#allowances.windowUpdates?.giveBack(2);
    if (count >= usefulBytes) this.#allowances.tinyWindows?.giveBack(1);
  }

  /** An answer was written; `isBlocked`: it waits, because the peer does not read. */
  allowsAnswer(isBlocked: boolean): boolean {
    if (!isBlocked) {
      this.#waitingAnswers = 0;
      return true;
    }
    return ++this.#waitingAnswers <= this.#rules.waitingAnswersMax;
  }
}
