/** How the peers of an upstream are probed. Part of the plan. */

export const checkTypes = ["tcp", "http", "tls", "https", "exec"] as const;
export type CheckType = typeof checkTypes[number];

export interface CheckPlan {
  readonly type: CheckType;
  readonly intervalMs: number;
  /** Up to so much is added to each interval, by chance. */
  readonly jitterMs: number;
  /** The interval while a peer is about to change, and while it is down for good; 0: as the others. */
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly defaultDown: boolean;
  /** 0: the peer's own port. */
  readonly port: number;
  /** Version of the PROXY protocol header that a probe begins with; 0: none. */
  readonly proxyProtocol: 0 | 1 | 2;
  /** The bytes of an http probe. */
  readonly send: string;
  /** Bit n is set when status class n (1..5) counts as alive. */
  readonly aliveClasses: number;
  /** Decides in place of `aliveClasses`; null: the status class alone counts. */
  readonly match: MatchPlan | null;
  /** Program and arguments of type exec. */
  readonly command: readonly string[];
  /** Whether a tls or https probe wants a certificate that can be trusted, and of whom. */
  readonly tlsVerify: boolean;
  readonly tlsCaFile: string | null;
}

/** What an answer to an http probe must be like; every part that is there must hold. */
export interface MatchPlan {
  readonly status: StatusMatch | null;
  readonly fields: readonly FieldMatch[];
  readonly body: TextMatch | null;
}

/** Ranges from, to: one of `wanted` (if there are any) and none of `unwanted`. */
export interface StatusMatch {
  readonly wanted: readonly (readonly [from: number, to: number])[];
  readonly unwanted: readonly (readonly [from: number, to: number])[];
}

export interface TextMatch {
  readonly kind: "present" | "equal" | "pattern";
  readonly negated: boolean;
  /** The text, or the source of the pattern. */
  readonly value: string;
  readonly ignoreCase: boolean;
}

export interface FieldMatch extends TextMatch {
  /** Lower case. */
  readonly name: string;
}
