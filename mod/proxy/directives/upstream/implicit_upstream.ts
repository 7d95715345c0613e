/** The upstream made from a `proxy.reverse.url` that names no entry of `upstreams`. */
import type { Position, UpstreamUrl } from "../../../config/mod.ts";
import type { PeerPlan } from "../../plan/plan.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { peerDefaults, upstreamDefaults } from "../../plan/upstream_defaults.ts";

export interface WeightedUrl {
  readonly url: UpstreamUrl;
  readonly weight: number;
}

/** Idle connections kept, per worker, to an upstream made from URLs: it has no `keepalive`. */
export const keepaliveDefault = 1024;

/** Finds or adds the upstream and returns its index. Equal URLs and settings share one pool. */
export function implicitUpstream(
  draft: LevelDraft,
  urls: readonly WeightedUrl[],
  leastConn: boolean,
  at: Position,
): number {
  const { keepaliveTimeoutMs } = draft.settings.proxy;
  const members = urls.map(({ url, weight }) => `${url.scheme}://${url.authority} ${weight}`);
  const key = [...members, leastConn, keepaliveTimeoutMs].join("\n");
  const known = draft.plan.implicitUpstreams.get(key);
  if (known !== undefined) return known;
  const index = draft.plan.upstreams.length;
  draft.plan.implicitUpstreams.set(key, index);
  draft.plan.upstreams.push({
    ...upstreamDefaults,
    name: urls.map(({ url }) => url.authority).join(","),
    scheme: urls[0].url.scheme,
    peers: urls.map((one, place) =>
      urls.length === 1 ? peerOf(one) : { ...peerOf(one), scheme: one.url.scheme, origin: place }
    ),
    balance: { kind: leastConn ? "least_conn" : "round_robin" },
    keepaliveMax: keepaliveTimeoutMs === 0 ? 0 : keepaliveDefault,
    keepaliveTimeoutMs,
    implicit: true,
    at,
  });
  return index;
}

function peerOf({ url, weight }: WeightedUrl): PeerPlan {
  return {
    ...peerDefaults,
    name: url.address.kind === "unix" ? `unix:${url.address.path}` : url.authority,
    address: url.address,
    weight,
  };
}
