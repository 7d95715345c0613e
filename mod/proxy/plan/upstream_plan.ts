/** Options of an upstream: sticky sessions, retries, ejection, buffers. Part of the plan. */

/** Scheme, Host and path of requests to the peer of one URL of `proxy.reverse.url`. */
export interface OriginPlan {
  readonly scheme: "http" | "https";
  /** The Host sent when the client's is not preserved. */
  readonly authority: string;
  /** Replaces the prefix of the entry in `paths`. */
  readonly basePath: string;
}

/** How a client's further requests are sent to the same peer. */
export type StickyPlan = StickyRoutePlan | StickyCookiePlan | StickySessionPlan;

/** nginx's `sticky route`: the first of these values that is not empty names the peer. */
export interface StickyRoutePlan {
  readonly kind: "route";
  /** As written: `$cookie_NAME`, `$arg_NAME`, `$http_NAME`. */
  readonly variables: readonly string[];
}

/** nginx's `sticky cookie`: every response sets the cookie. */
export interface StickyCookiePlan {
  readonly kind: "cookie";
  readonly cookie: string;
  /** Lifetime of the cookie in seconds from each response; null: until the browser closes. */
  readonly expiresS: number | "max" | null;
  readonly domain: string;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: string;
}

/** Tengine's `session_sticky`. */
export interface StickySessionPlan {
  readonly kind: "session";
  /**
   * insert: hayate adds its own cookie. rewrite: the value of the upstream's cookie is replaced.
   * prefix: the peer's name and `~` are put before that value, and removed before it is sent
   * upstream.
   */
  readonly mode: "insert" | "rewrite" | "prefix";
  readonly cookie: string;
  readonly domain: string;
  readonly path: string;
  readonly maxAgeS: number | null;
  /** A session expires after this time without use (idle) or in total (life); null: never. */
  readonly maxIdleS: number | null;
  readonly maxLifeS: number | null;
  /** The cookie is not sent upstream. */
  readonly indirect: boolean;
  /** False: a request fails when its session's peer is not available. */
  readonly fallback: boolean;
  /** How the cookie identifies a peer without `route=`. */
  readonly hash: "md5" | "plain";
}

/** Limits the load that retries add. */
export interface RetryBudgetPlan {
  /** Retries per request, 0.2 for 20%. */
  readonly share: number;
  /** Retries per second that are always allowed, for sites with few requests. */
  readonly perSecondMin: number;
}

/** When a peer is ejected for its answers, and for how long. 0 turns a rule off. */
export interface OutlierPlan {
  /** Consecutive errors. */
  readonly consecutiveErrors: number;
  /** Share of errors among the answers within an interval, 0 to 1. */
  readonly errorShare: number;
  /** Mean time to the head within an interval, as a multiple of the median of the others' means. */
  readonly latencyFactor: number;
  readonly intervalMs: number;
  /** With fewer attempts within an interval, the two rules above do not apply. */
  readonly attemptsMin: number;
  /** Duration of the first ejection; each consecutive one is longer by this much. */
  readonly baseEjectionMs: number;
  /** Largest share of a group that may be ejected at the same time, 0 to 1. */
  readonly ejectedShareMax: number;
}

/** Request bodies are read completely before a peer is chosen, so that they can be sent again. */
export interface RequestBufferPlan {
  readonly memoryBytes: number;
  /** In addition to the memory; larger bodies are streamed and cannot be sent again. */
  readonly fileBytes: number;
  /** Folder of the files; null: the system's folder for temporary files. */
  readonly folder: string | null;
}
