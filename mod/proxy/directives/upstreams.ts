/** `upstreams`: named groups of peers with balancing, retries and checks; h2o has no such thing. */
import { type ConfigNode, type MapNode, nearestName, type Position } from "../../config/mod.ts";
import {
  type BalancePlan,
  type CheckPlan,
  type PeerPlan,
  retryConditions,
  type RetryPlan,
} from "../plan.ts";
import { checkDefaults, parseAliveClasses, parseCheck } from "./check_line.ts";
import {
  choice,
  count,
  type Directive,
  duration,
  itemsOf,
  levels,
  phases,
  readMap,
  readScalar,
} from "./directive.ts";
import type { LevelDraft } from "./drafts.ts";
import { parseServer } from "./server_line.ts";

export const upstreamsDirective: Directive = {
  name: "upstreams",
  levels: levels.global,
  phase: phases.structure,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      draft.problem(value.at, "in command upstreams, a mapping of names is expected");
      return;
    }
    for (const { key, value: body } of value.pairs) addUpstream(draft, key.text, key.at, body);
  },
};

interface UpstreamKeys {
  peers: PeerPlan[];
  balance: BalancePlan;
  keepaliveMax: number;
  keepaliveTimeoutMs: number;
  keepaliveRequestsMax: number;
  check: CheckPlan | null;
  send: { text: string; at: Position } | null;
  alive: { classes: number; at: Position } | null;
  conditions: number;
  triesMax: number;
  timeoutMs: number;
  noLiveStatus: 502 | 503;
}

function addUpstream(draft: LevelDraft, name: string, at: Position, body: ConfigNode): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
    draft.problem(at, `in command upstreams, found \`${name}\`; allowed: letters, digits, _ . -`);
    return;
  }
  if (draft.plan.upstreams.some((upstream) => upstream.name === name)) {
    draft.problem(at, `in command upstreams, ${name} is there twice`);
    return;
  }
  if (body.kind !== "mapping") {
    draft.problem(body.at, `in command upstreams, the value of ${name} cannot be a ${body.kind}`);
    return;
  }
  const keys = readUpstream(draft, body);
  if (keys.peers.length === 0) {
    draft.problem(at, `in command upstreams, ${name} has no servers`);
    return;
  }
  reportConflicts(draft, name, keys, at);
  reportIgnored(draft, name, keys, at);
  const retry: RetryPlan = {
    conditions: keys.conditions,
    triesMax: keys.triesMax,
    timeoutMs: keys.timeoutMs,
  };
  draft.plan.upstreams.push({
    name,
    scheme: "http",
    peers: keys.peers,
    balance: keys.balance,
    keepaliveMax: keys.keepaliveMax,
    keepaliveTimeoutMs: keys.keepaliveTimeoutMs,
    keepaliveRequestsMax: keys.keepaliveRequestsMax,
    check: completeCheck(draft, keys),
    retry,
    noLiveStatus: keys.noLiveStatus,
    implicit: false,
    at,
  });
}

function readUpstream(draft: LevelDraft, body: MapNode): UpstreamKeys {
  const keys: UpstreamKeys = {
    peers: [],
    balance: { kind: "round_robin" },
    keepaliveMax: 32,
    keepaliveTimeoutMs: 60_000,
    keepaliveRequestsMax: 1_000_000,
    check: null,
    send: null,
    alive: null,
    conditions: retryConditions.error | retryConditions.timeout,
    triesMax: 0,
    timeoutMs: 0,
    noLiveStatus: 502,
  };
  const line = <T>(
    what: string,
    node: ConfigNode,
    parse: (text: string) => T | string,
  ): T | null => {
    const text = readScalar(draft, what, node, { allowed: "a text", parse: (text) => text });
    if (text === null) return null;
    const parsed = parse(text);
    if (typeof parsed !== "string") return parsed;
    draft.problem(node.at, `in command ${what}, ${parsed}`);
    return null;
  };
  readMap(draft, "upstreams", body, {
    servers: (node) => {
      for (const item of itemsOf(node)) {
        const peer = line("servers", item, parseServer);
        if (peer !== null) keys.peers.push(peer);
      }
    },
    balance: (node) => keys.balance = line("balance", node, parseBalance) ?? keys.balance,
    keepalive: (node) =>
      keys.keepaliveMax = readScalar(draft, "keepalive", node, count(0, 1_000_000)) ?? 32,
    keepalive_timeout: (node) =>
      keys.keepaliveTimeoutMs = readScalar(draft, "keepalive_timeout", node, duration(1000)) ?? 0,
    keepalive_requests: (node) =>
      keys.keepaliveRequestsMax =
        readScalar(draft, "keepalive_requests", node, count(1, 2 ** 31)) ?? 1,
    check: (node) => keys.check = line("check", node, parseCheck),
    check_http_send: (node) => {
      const text = line("check_http_send", node, (text) => ({ text }));
      if (text !== null) keys.send = { ...text, at: node.at };
    },
    check_http_expect_alive: (node) => {
      const classes = line("check_http_expect_alive", node, parseAliveClasses);
      if (classes !== null) keys.alive = { classes, at: node.at };
    },
    next_upstream: (node) => {
      const conditions = line("next_upstream", node, parseConditions);
      if (conditions !== null) keys.conditions = conditions;
    },
    next_upstream_tries: (node) =>
      keys.triesMax = readScalar(draft, "next_upstream_tries", node, count(0, 1000)) ?? 0,
    next_upstream_timeout: (node) =>
      keys.timeoutMs = readScalar(draft, "next_upstream_timeout", node, duration(1000)) ?? 0,
    no_live: (node) =>
      keys.noLiveStatus = readScalar(draft, "no_live", node, choice("502", "503")) === "503"
        ? 503
        : 502,
  });
  return keys;
}

/** Puts the http lines into the check, in Tengine's words when they do not fit it. */
function completeCheck(draft: LevelDraft, keys: UpstreamKeys): CheckPlan | null {
  const { check, send, alive } = keys;
  const lines = [
    ["check_http_send", send?.at],
    ["check_http_expect_alive", alive?.at],
  ] as const;
  for (const [name, at] of lines) {
    if (at === undefined) continue;
    if (check === null) draft.problem(at, `invalid ${name} should set [check] first`);
    else if (check.type !== "http") draft.problem(at, `invalid ${name} for type "${check.type}"`);
  }
  if (check === null) return null;
  return {
    ...check,
    send: send?.text ?? checkDefaults.send,
    aliveClasses: alive?.classes ?? checkDefaults.aliveClasses,
  };
}

/** Combinations that nginx refuses as well. */
function reportConflicts(draft: LevelDraft, name: string, keys: UpstreamKeys, at: Position): void {
  const { kind } = keys.balance;
  const spreads = kind === "hash" || kind === "ip_hash" || kind === "random";
  if (spreads && keys.peers.some((peer) => peer.backup)) {
    draft.problem(at, `in command upstreams, ${name}: balance ${kind} cannot have backup servers`);
  }
  if (spreads && keys.peers.some((peer) => peer.slowStartMs > 0)) {
    draft.problem(at, `in command upstreams, ${name}: balance ${kind} cannot have slow_start`);
  }
  if (keys.peers.every((peer) => peer.backup)) {
    draft.problem(at, `in command upstreams, ${name}: at least one server must not be a backup`);
  }
}

/** Server parameters that are read, and not acted upon yet. */
function reportIgnored(draft: LevelDraft, name: string, keys: UpstreamKeys, at: Position): void {
  const ignored = [
    ["resolve", keys.peers.some((peer) => peer.resolve), "names are looked up at the start only"],
    ["service", keys.peers.some((peer) => peer.service !== ""), "SRV records are not looked up"],
    ["route", keys.peers.some((peer) => peer.route !== ""), "there is no sticky balancing yet"],
  ] as const;
  for (const [parameter, isThere, why] of ignored) {
    if (isThere) draft.notice(at, `upstreams: ${name}: ${parameter}: ${why}`);
  }
}

function parseConditions(text: string): number | string {
  let conditions = 0;
  for (const word of text.trim().split(/\s+/)) {
    if (word === "off") return 0;
    const bit = Object.entries(retryConditions).find(([name]) => name === word)?.[1];
    if (bit === undefined) {
      return `found \`${word}\`; allowed: off, ${Object.keys(retryConditions).join(", ")}`;
    }
    conditions |= bit;
  }
  return conditions;
}

const balanceWords = [
  "round_robin",
  "least_conn",
  "random",
  "random two",
  "ip_hash",
  "hash KEY [consistent]",
];

function parseBalance(text: string): BalancePlan | string {
  const [kind, ...rest] = text.trim().split(/\s+/);
  switch (kind) {
    case "round_robin":
    case "least_conn":
    case "ip_hash":
      if (rest.length === 0) return { kind };
      break;
    case "random":
      if (rest.length === 0) return { kind, two: false };
      if (rest[0] === "two" && (rest.length === 1 || rest[1] === "least_conn")) {
        return { kind, two: true };
      }
      break;
    case "hash": {
      const consistent = rest.at(-1) === "consistent";
      const key = rest[0];
      if (key !== undefined && rest.length === (consistent ? 2 : 1)) {
        return { kind, key, consistent };
      }
    }
  }
  const near = nearestName(kind, ["round_robin", "least_conn", "random", "ip_hash", "hash"]);
  const hint = near === null || near === kind ? "" : ` (did you mean ${near}?)`;
  return `found \`${text}\`${hint}; allowed: ${balanceWords.join(", ")}`;
}
