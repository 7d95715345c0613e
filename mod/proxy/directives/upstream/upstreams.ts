/** `upstreams`: named groups of peers with balancing, retries and health checks; not in h2o. */
import type { Mutable } from "../../../base/mutable.ts";
import { type ConfigNode, type MapNode, type Position } from "../../../config/mod.ts";
import type { CheckPlan } from "../../plan/check_plan.ts";
import type { PeerPlan, UpstreamPlan } from "../../plan/plan.ts";
import type { StickyPlan } from "../../plan/upstream_plan.ts";
import { parseBalance } from "./balance_line.ts";
import { CheckKeys } from "./check_keys.ts";
import {
  choice,
  count,
  type Directive,
  duration,
  itemsOf,
  levels,
  onOff,
  phases,
  readLine,
  readMap,
  readScalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { failoverReaders } from "./failover_keys.ts";
import { divideServers } from "./named_servers.ts";
import { parseResolver } from "./resolver_line.ts";
import { parseServer } from "./server_line.ts";
import { idleStickyWords, parseSessionSticky, parseSticky } from "./sticky_line.ts";
import { upstreamDefaults } from "../../plan/upstream_defaults.ts";

export const upstreamsDirective: Directive = {
  name: "upstreams",
  levels: levels.global,
  phase: phases.structure,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      draft.problem(value.at, "upstreams: a mapping of names is expected");
      return;
    }
    for (const { key, value: body } of value.pairs) addUpstream(draft, key.text, key.at, body);
  },
};

const announcedVersion = {
  allowed: "v1, v2 or OFF",
  parse(text: string): 0 | 1 | 2 | null {
    const at = ["off", "v1", "v2"].indexOf(text.toLowerCase());
    return at < 0 ? null : at as 0 | 1 | 2;
  },
};

/** The plan under construction, with the check directives, which are combined at the end. */
interface UpstreamKeys {
  readonly plan: Mutable<UpstreamPlan> & { readonly peers: PeerPlan[] };
  readonly check: CheckKeys;
  /** The list of servers has entries, valid or not. */
  hasServers: boolean;
}

function addUpstream(draft: LevelDraft, name: string, at: Position, body: ConfigNode): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
    draft.problem(at, `upstreams: found \`${name}\`; allowed: letters, digits, _ . -`);
  }
  if (draft.plan.upstreams.some((upstream) => upstream.name === name)) {
    draft.problem(at, `upstreams: ${name} is given twice`);
  }
  if (body.kind !== "mapping") {
    draft.problem(body.at, `upstreams: the value of ${name} cannot be a ${body.kind}`);
    return;
  }
  const keys = readUpstream(draft, name, at, body);
  const { plan, hasServers } = keys;
  const check = announcedCheck(keys);
  // Not reported when all servers are invalid: each has been reported already.
  if (!hasServers) draft.problem(at, `upstreams: ${name} has no servers`);
  if (plan.peers.length > 0) {
    reportConflicts(draft, plan);
    reportIgnored(draft, plan);
  }
  const divided = divideServers(draft, name, plan.peers, at);
  draft.plan.upstreams.push({ ...plan, ...divided, check });
}

/**
 * Peers that expect a PROXY header expect it from probes as well. Probes of another port send none:
 * what listens there need not expect it.
 */
function announcedCheck({ plan, check }: UpstreamKeys): CheckPlan | null {
  const complete = check.complete();
  if (complete === null || complete.port > 0) return complete;
  return { ...complete, proxyProtocol: plan.proxyProtocol };
}

function readUpstream(
  draft: LevelDraft,
  name: string,
  at: Position,
  body: MapNode,
): UpstreamKeys {
  const plan = { ...upstreamDefaults, name, peers: [] as PeerPlan[], implicit: false, at };
  const keys: UpstreamKeys = { plan, check: new CheckKeys(draft), hasServers: false };
  readMap(draft, "upstreams", body, {
    servers: (node) => {
      for (const item of itemsOf(node)) {
        keys.hasServers = true;
        const peer = readLine(draft, "servers", item, parseServer);
        if (peer !== null) plan.peers.push(peer);
      }
    },
    balance: (node) =>
      plan.balance = readLine(draft, "balance", node, parseBalance) ?? plan.balance,
    proxy_protocol: (node) =>
      plan.proxyProtocol = readScalar(draft, "proxy_protocol", node, announcedVersion) ?? 0,
    keepalive: (node) =>
      plan.keepaliveMax = readScalar(draft, "keepalive", node, count(0, 1_000_000)) ?? 32,
    keepalive_timeout: (node) =>
      plan.keepaliveTimeoutMs = readScalar(draft, "keepalive_timeout", node, duration(1000)) ?? 0,
    keepalive_requests: (node) =>
      plan.keepaliveRequestsMax =
        readScalar(draft, "keepalive_requests", node, count(1, 2 ** 31)) ?? 1,
    http2_ratio: (node) =>
      plan.http2 = { ...plan.http2, ratio: readScalar(draft, "http2_ratio", node, count(0, 100)) },
    http2_max_concurrent_streams: (node) =>
      plan.http2 = {
        ...plan.http2,
        streamsMax: readScalar(draft, "http2_max_concurrent_streams", node, count(1, 65_536)),
      },
    http2_force_cleartext: (node) =>
      plan.http2 = {
        ...plan.http2,
        cleartext: readScalar(draft, "http2_force_cleartext", node, onOff),
      },
    resolver: (node) => plan.resolver = readLine(draft, "resolver", node, parseResolver),
    ...keys.check.readers,
    ...failoverReaders(draft, plan),
    sticky: (node) => plan.sticky = readSticky(draft, "sticky", node, parseSticky),
    session_sticky: (node) =>
      plan.sticky = readSticky(draft, "session_sticky", node, parseSessionSticky),
    no_live: (node) =>
      plan.noLiveStatus = readScalar(draft, "no_live", node, choice("502", "503")) === "503"
        ? 503
        : 502,
  });
  return keys;
}

function readSticky(
  draft: LevelDraft,
  name: string,
  node: ConfigNode,
  parse: (text: string) => StickyPlan | string,
): StickyPlan | null {
  const plan = readLine(draft, name, node, parse);
  const idle = plan === null ? "" : idleStickyWords(plan);
  if (idle !== "") draft.notice(node.at, `${name}: ${idle}`);
  return plan;
}

/** Reports combinations that nginx refuses as well. */
function reportConflicts(draft: LevelDraft, plan: UpstreamPlan): void {
  const { name, peers, at } = plan;
  const { kind } = plan.balance;
  const spreads = kind === "hash" || kind === "ip_hash" || kind === "random";
  if (spreads && peers.some((peer) => peer.backup)) {
    draft.problem(at, `upstreams: ${name}: balance ${kind} cannot have backup servers`);
  }
  if (spreads && peers.some((peer) => peer.slowStartMs > 0)) {
    draft.problem(at, `upstreams: ${name}: balance ${kind} cannot have slow_start`);
  }
  if (peers.every((peer) => peer.backup)) {
    draft.problem(at, `upstreams: ${name}: at least one server must not be a backup`);
  }
}

/** Reports server parameters that have no effect. */
function reportIgnored(draft: LevelDraft, plan: UpstreamPlan): void {
  const { name, peers, at } = plan;
  const ignored = [
    [
      "route",
      plan.sticky === null && peers.some((peer) => peer.route !== ""),
      "only `sticky` makes use of it",
    ],
  ] as const;
  for (const [parameter, isThere, why] of ignored) {
    if (isThere) draft.notice(at, `upstreams: ${name}: ${parameter}: ${why}`);
  }
}
