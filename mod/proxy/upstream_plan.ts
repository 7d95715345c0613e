/** What an upstream may want beyond its peers: sessions, retries and outliers. Part of the plan. */

/** What one URL of `proxy.reverse.url` says of requests to its peer. */
export interface OriginPlan {
  readonly scheme: "http" | "https";
  /** The Host sent when the client's is not preserved. */
  readonly authority: string;
  /** Replaces the path entry's prefix. */
  readonly basePath: string;
}

/** Which peer a client's further requests go to. */
export type StickyPlan = StickyRoutePlan | StickyCookiePlan | StickySessionPlan;

/** nginx's `sticky route`: the first of these values that is not empty names the peer. */
export interface StickyRoutePlan {
  readonly kind: "route";
  /** As written: `$cookie_NAME`, `$arg_NAME`, `$http_NAME`. */
  readonly variables: readonly string[];
}

/** nginx's `sticky cookie`: every answer carries the cookie. */
export interface StickyCookiePlan {
  readonly kind: "cookie";
  readonly cookie: string;
  /** Of the cookie, from each answer on; null: it ends with the browser. */
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
   * insert: a cookie of ours; rewrite: the value of the upstream's cookie is replaced; prefix: it is
   * kept behind the peer's name and `~`, and the upstream never sees that.
   */
  readonly mode: "insert" | "rewrite" | "prefix";
  readonly cookie: string;
  readonly domain: string;
  readonly path: string;
  readonly maxAgeS: number | null;
  /** A session unused for so long, or as old, counts no more; null: for ever. */
  readonly maxIdleS: number | null;
  readonly maxLifeS: number | null;
  /** The upstream does not see the cookie. */
  readonly indirect: boolean;
  /** False: without its peer a request fails. */
  readonly fallback: boolean;
  /** How a peer without `route=` is named in the cookie. */
  readonly hash: "md5" | "plain";
}

/** How much load retries may add. */
export interface RetryBudgetPlan {
  /** Retries for each request, 0.2 for 20%. */
  readonly share: number;
  /** Retries a second that a site with few requests may have. */
  readonly perSecondMin: number;
}

/** When a peer that answers badly is left alone for a while. 0 turns a rule off. */
export interface OutlierPlan {
  /** Errors in a row. */
  readonly consecutiveErrors: number;
  /** Errors of all answers within an interval, 0 to 1. */
  readonly errorShare: number;
  /** Mean time to the head within an interval, in medians of the others' means. */
  readonly latencyFactor: number;
  readonly intervalMs: number;
  /** Attempts within an interval below which the two rules above judge nobody. */
  readonly attemptsMin: number;
  /** The first ejection's length; each further one in a row is longer by as much. */
  readonly baseEjectionMs: number;
  /** Share of a group that may be out at a time, 0 to 1. */
  readonly ejectedShareMax: number;
}

/** Request bodies are read whole before a peer is chosen, so that another one can be sent them. */
export interface RequestBufferPlan {
  readonly memoryBytes: number;
  /** Beyond the memory; bodies that need more are streamed, and cannot be sent again. */
  readonly fileBytes: number;
  /** For the files; null: the system's folder for temporary files. */
  readonly folder: string | null;
}
