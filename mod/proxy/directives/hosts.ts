/** `hosts` and `paths`, and the directives of both that select a route. */
import {
  type ConfigNode,
  isHostName,
  isIpv6,
  type MapNode,
  parsePort,
  type Position,
} from "../../config/mod.ts";
import type { HandlerPlan } from "../plan/plan.ts";
import { type Directive, itemsOf, levels, onOff, phases, scalar } from "./draft/directive.ts";
import { copySettings, type HostDraft, LevelDraft } from "./draft/drafts.ts";

export const hostsDirective: Directive = {
  name: "hosts",
  levels: levels.global,
  phase: phases.nested,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      draft.problem(
        value.at,
        `hosts: the value cannot be a ${value.kind}; allowed: a mapping of host names`,
      );
      return;
    }
    for (const { key, value: settings } of value.pairs) addHost(draft, key.text, key.at, settings);
  },
};

function addHost(draft: LevelDraft, text: string, at: Position, value: ConfigNode): void {
  const key = parseHostKey(text);
  if (key === null) {
    draft.problem(
      at,
      `hosts: found \`${text}\`; allowed: name, name:port, *.name, default`,
    );
  }
  // The host's directives are read anyway, so that all problems are reported at once.
  const name = key ?? { name: text, port: 0 };
  if (value.kind !== "mapping") {
    draft.problem(
      value.at,
      `hosts: the value of ${text} cannot be a ${value.kind}; allowed: a mapping`,
    );
    return;
  }
  const { hosts } = draft.plan;
  if (hosts.some((host) => host.name === name.name && host.port === name.port)) {
    draft.problem(at, `hosts: ${text} is given twice`);
  }
  const settings = copySettings(draft.settings);
  const host: HostDraft = { ...name, strictMatch: false, listens: [], paths: [], settings };
  hosts.push(host);
  draft.plan.applyLevel(new LevelDraft(draft.plan, levels.host, settings, host, null), value);
}

/**
 * Parses `name[:port]`, `[v6]:port`, `*.name`, `*` or `default`; null when it is none of these.
 * Port 0 means the scheme's default port.
 */
function parseHostKey(text: string): { name: string; port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]+))?$/.exec(text);
  if (match === null) return null;
  const [, literal, plain, portText] = match;
  const port = portText === undefined ? 0 : parsePort(portText);
  if (port === null) return null;
  if (literal !== undefined) {
    return isIpv6(literal) ? { name: `[${literal.toLowerCase()}]`, port } : null;
  }
  const isValid = plain === "*" || isHostName(plain.startsWith("*.") ? plain.slice(2) : plain);
  return isValid ? { name: plain.toLowerCase(), port } : null;
}

export const pathsDirective: Directive = {
  name: "paths",
  levels: levels.host,
  phase: phases.nested,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      draft.problem(
        value.at,
        `paths: the value cannot be a ${value.kind}; allowed: a mapping of paths`,
      );
      return;
    }
    for (const { key, value: settings } of value.pairs) addPath(draft, key.text, key.at, settings);
  },
};

function addPath(draft: LevelDraft, prefix: string, at: Position, value: ConfigNode): void {
  const host = draft.host;
  if (host === null) throw new TypeError("Cannot add a path: no host is open");
  // A prefix needs no trailing slash, as in h2o: many h2o.conf files leave it out.
  if (!prefix.startsWith("/")) {
    draft.problem(at, `paths: found \`${prefix}\`; allowed: a path that starts with /`);
  }
  if (host.paths.some((path) => path.prefix === prefix)) {
    draft.problem(at, `paths: ${prefix} is given twice`);
  }
  if (draft.settings.mergesSlashes && prefix.includes("//")) {
    draft.problem(
      at,
      `paths: ${prefix} can match no path while merge-slashes is ON; allowed: single slashes`,
    );
    return;
  }
  const settings = copySettings(draft.settings);
  const handlers: HandlerPlan[] = [];
  const level = new LevelDraft(draft.plan, levels.path, settings, host, handlers);
  // A sequence of mappings lists handlers that are tried in order (h2o 2.1).
  for (const item of itemsOf(value)) {
    if (item.kind === "mapping") draft.plan.applyLevel(level, item as MapNode);
    else {draft.problem(
        item.at,
        `paths: the value of ${prefix} cannot be a ${item.kind}`,
      );}
  }
  host.paths.push({ prefix, handlers, settings });
}

export const mergeSlashesDirective: Directive = scalar(
  "merge-slashes",
  levels.global | levels.host,
  onOff,
  (draft, value) => {
    draft.settings.mergesSlashes = value;
  },
);

export const strictMatchDirective: Directive = scalar(
  "strict-match",
  levels.host,
  onOff,
  (draft, value) => {
    if (draft.host !== null) draft.host.strictMatch = value;
  },
);
