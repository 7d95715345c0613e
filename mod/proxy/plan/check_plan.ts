/** The health check of an upstream's peers. Part of the plan. */

export const checkTypes = ["tcp", "http", "tls", "https", "grpc", "exec"] as const;
export type CheckType = typeof checkTypes[number];

/** True when probes of this type send an HTTP request. */
export function speaksHttp(type: CheckType): boolean {
  return type === "http" || type === "https";
}

export interface CheckPlan {
  readonly type: CheckType;
  readonly intervalMs: number;
  /** Each interval is extended by a random time of up to this much. */
  readonly jitterMs: number;
  /**
   * The interval while a peer is changing (`rise` or `fall` not yet reached), and while it is down;
   * 0: `intervalMs`.
   */
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly defaultDown: boolean;
  /** 0: the peer's own port. */
  readonly port: number;
  /** Version of the PROXY header that a probe starts with; 0: none. */
  readonly proxyProtocol: 0 | 1 | 2;
  /** The request that an http or https probe sends. */
  readonly send: string;
  /** Bit n is set when status class n (1..5) counts as alive. */
  readonly aliveClasses: number;
  /** Replaces `aliveClasses`; null: only the status class counts. */
  readonly match: MatchPlan | null;
  /** The service that a grpc probe asks for; "": the server itself. */
  readonly grpcService: string;
  /** Program and arguments of type exec. */
  readonly command: readonly string[];
  /** Whether a tls or https probe verifies the certificate, and with which CA file. */
  readonly tlsVerify: boolean;
  readonly tlsCaFile: string | null;
}

/** Conditions for the response to an http probe; all that are present must hold. */
export interface MatchPlan {
  readonly status: StatusMatch | null;
  readonly fields: readonly FieldMatch[];
  readonly body: TextMatch | null;
}

/** The status must be in one of the `wanted` ranges, if there are any, and in no `unwanted` one. */
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
