/** A route to an upstream: everything that is known before a request arrives. */
import type { ConstantBytes } from "../../../http/mod.ts";
import type { FieldRule } from "../../plan/plan.ts";
import type { Upstream } from "./upstream.ts";

/** A `proxy.reverse.url`, compiled for the data path. */
export interface ProxyRoute {
  readonly upstream: Upstream;
  /** Start of the target if something follows the prefix; `baseAlone` if nothing does. */
  readonly base: Uint8Array;
  readonly baseAlone: Uint8Array;
  /** Prefix and base path are both `/`: the target is forwarded unchanged. */
  readonly keepsTarget: boolean;
  /** `host: AUTHORITY CRLF`. */
  readonly hostLine: ConstantBytes;
  readonly authority: string;
  readonly preserveHost: boolean;
  readonly emitForwarded: boolean;
  readonly preserveForwardedProto: boolean;
  readonly emitVia: boolean;
  readonly tunnel: boolean;
  readonly tunnelTimeoutMs: number;
  readonly keepsConnections: boolean;
  readonly requestRules: readonly FieldRule[];
  readonly rewrite: LocationRewrite;
  /**
   * One route per upstream URL, indexed by `PeerPlan.origin`, if the URLs differ; the choice of the
   * peer decides which is used. Empty if all peers use the same.
   */
  readonly byOrigin: readonly ProxyRoute[];
}

/** Maps a Location that points into the upstream back to the client's view. */
export interface LocationRewrite {
  /** Lower-case host of the upstream's URL with its port, as `host:port`. */
  readonly hostPort: string;
  readonly basePath: string;
  readonly prefix: string;
}
