/** `ssl-session-resumption`: how TLS sessions of clients are resumed, in h2o's words. */
import type { ConfigNode } from "../../../config/mod.ts";
import type { Mutable } from "../../../base/mutable.ts";
import { type SessionPlan, sessionsDefault } from "../../../tls/sessions/session_rules.ts";
import {
  anyText,
  choice,
  count,
  type Directive,
  levels,
  phases,
  readMap,
  readScalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

const name = "ssl-session-resumption";

/** OpenSSL's own tickets are made with these; what is weaker may be replaced by them. */
const ticketCipher = "aes-256-cbc";
const ticketHash = "sha256";
const weakerCiphers = ["aes-128-cbc", "aes-192-cbc"];
const weakerHashes = ["sha1"];

/** A week, the most that TLS 1.3 allows (RFC 8446 4.6.1). */
const lifetimeSecondsMax = 7 * 86_400;

/** Where tickets have their keys from, as written. */
interface Stores {
  mode: "off" | "all" | "cache" | "ticket" | null;
  ticketStore: "internal" | "file" | "memcached" | "redis";
  ticketFile: string | null;
}

export const sessionsDirective: Directive = {
  name,
  levels: levels.global,
  phase: phases.setting,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      return draft.problem(value.at, `${name}: a mapping with \`mode\` is expected`);
    }
    const plan: Mutable<SessionPlan> = { ...sessionsDefault };
    const stores: Stores = { mode: null, ticketStore: "internal", ticketFile: null };
    const before = draft.plan.problems.count;
    readMap(draft, name, value, readers(draft, plan, stores));
    if (draft.plan.problems.count > before) return;
    if (stores.mode === null) return draft.problem(value.at, `${name}: \`mode\` is missing`);
    plan.tickets = stores.mode === "all" || stores.mode === "ticket";
    plan.cache = stores.mode === "all" || stores.mode === "cache";
    if (plan.tickets && stores.ticketStore === "file") {
      if (stores.ticketFile === null) {
        return draft.problem(value.at, `${name}: ticket-store: file needs \`ticket-file\``);
      }
      plan.ticketFile = stores.ticketFile;
    }
    draft.plan.global.sessions = plan;
  },
};

function readers(draft: LevelDraft, plan: Mutable<SessionPlan>, stores: Stores) {
  const ignored = (key: string) => (node: ConfigNode) =>
    draft.notice(node.at, `${name}.${key}: hayate ignores this key of h2o`);
  const read = <T>(key: string, node: ConfigNode, kind: Parameters<typeof readScalar<T>>[3]) =>
    readScalar(draft, `${name}.${key}`, node, kind);
  return {
    mode: (node: ConfigNode) =>
      void (stores.mode = read("mode", node, choice("off", "all", "cache", "ticket"))),
    lifetime: (node: ConfigNode) =>
      void (plan.lifetimeSeconds = read("lifetime", node, count(1, lifetimeSecondsMax))),
    "cache-store": (node: ConfigNode) => {
      const store = read("cache-store", node, choice("internal", "memcached", "redis"));
      if (store === "internal" || store === null) return;
      draft.notice(node.at, `${name}.cache-store: each process keeps its own sessions instead`);
    },
    "ticket-store": (node: ConfigNode) => {
      const all = choice("internal", "file", "memcached", "redis");
      stores.ticketStore = read("ticket-store", node, all) ?? "internal";
      if (stores.ticketStore === "internal" || stores.ticketStore === "file") return;
      draft.notice(
        node.at,
        `${name}.ticket-store: this host has keys of its own instead; \`file\` shares keys`,
      );
    },
    "ticket-file": (node: ConfigNode) =>
      void (stores.ticketFile = read("ticket-file", node, anyText)),
    "ticket-cipher": (node: ConfigNode) =>
      readAlgorithm(draft, "ticket-cipher", node, ticketCipher, weakerCiphers),
    "ticket-hash": (node: ConfigNode) =>
      readAlgorithm(draft, "ticket-hash", node, ticketHash, weakerHashes),
    ...Object.fromEntries(
      [
        "cache-memcached-num-threads",
        "cache-memcached-prefix",
        "ticket-memcached-key",
        "ticket-memcached-prefix",
        "ticket-redis-prefix",
        "memcached",
        "redis",
      ].map((key) => [key, ignored(key)]),
    ),
  };
}

/** Refuses what OpenSSL's own tickets cannot have: replacing it could weaken them. */
function readAlgorithm(
  draft: LevelDraft,
  key: string,
  node: ConfigNode,
  ours: string,
  weaker: readonly string[],
): void {
  const word = readScalar(draft, `${name}.${key}`, node, choice(ours, ...weaker));
  if (word === null || word === ours) return;
  draft.notice(node.at, `${name}.${key}: hayate uses ${ours}, which is stronger`);
}
