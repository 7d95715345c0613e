/** `listen`: the addresses at which connections are accepted, for all hosts or for one. */
import { type Address, unixPathBytesMax } from "../../../base/address.ts";
import { type ConfigNode, parsePort, parseSwitch, type Position } from "../../../config/mod.ts";
import { isHostName, isIpLiteral, isUnixPath } from "../../../config/mod.ts";
import type { ListenProxyProtocol, TlsPlan } from "../../plan/plan.ts";
import {
  anyText,
  choice,
  type Directive,
  itemsOf,
  levels,
  onOff,
  phases,
  readMap,
  readScalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { readTls } from "./listen_tls.ts";
import { readPeerSet } from "../draft/peer_set.ts";

const portKind = {
  allowed: "a port from 0 to 65535, or a mapping with `port`",
  parse: parsePort,
};

const modeKind = {
  allowed: "an octal mode such as 666",
  parse: (text: string) => /^[0-7]{3,4}$/.test(text) ? parseInt(text, 8) : null,
};

const announcedKind = {
  allowed: "ON, OFF, REQUIRED, or a mapping with `from`",
  parse(text: string): "off" | "on" | "required" | null {
    if (text.toUpperCase() === "REQUIRED") return "required";
    const on = parseSwitch(text);
    return on === null ? null : on ? "on" : "off";
  },
};

export const listenDirective: Directive = {
  name: "listen",
  levels: levels.global | levels.host,
  phase: phases.structure,
  apply(draft, value) {
    // Later h2o versions accept several listeners as a sequence.
    for (const item of itemsOf(value)) addListen(draft, item);
  },
};

function addListen(draft: LevelDraft, value: ConfigNode): void {
  const listens = draft.host === null ? draft.plan.listens : draft.host.listens;
  if (value.kind !== "mapping") {
    const port = readScalar(draft, "listen", value, portKind);
    if (port === null) return;
    const address = { kind: "tcp" as const, host: "", port };
    listens.push({
      address,
      tls: null,
      proxyProtocol: "off",
      mode: null,
      http2: null,
      at: value.at,
    });
    return;
  }
  const keys = readListenKeys(draft, value);
  const address = listenAddress(draft, keys, value.at);
  if (address === null) return;
  if (keys.type === "quic") {
    draft.notice(value.at, "listen.type: hayate has no HTTP/3; this listener is skipped");
    return;
  }
  const { tls, proxyProtocol, mode, http2 } = keys;
  listens.push({ address, tls, proxyProtocol, mode, http2, at: value.at });
}

interface ListenKeys {
  port: ConfigNode | null;
  host: string | null;
  type: "tcp" | "unix" | "quic";
  tls: TlsPlan | null;
  proxyProtocol: ListenProxyProtocol;
  mode: number | null;
  http2: boolean | null;
}

function readListenKeys(draft: LevelDraft, value: ConfigNode & { kind: "mapping" }): ListenKeys {
  const keys: ListenKeys = {
    port: null,
    host: null,
    type: "tcp",
    tls: null,
    proxyProtocol: "off",
    mode: null,
    http2: null,
  };
  const ignored = (node: ConfigNode, name: string) =>
    draft.notice(node.at, `listen.${name}: hayate ignores this key of h2o`);
  readMap(draft, "listen", value, {
    port: (node) => keys.port = node,
    host: (node) => keys.host = readScalar(draft, "listen.host", node, anyText),
    type: (node) =>
      keys.type = readScalar(draft, "listen.type", node, choice("tcp", "unix", "quic")) ?? "tcp",
    ssl: (node, at) => keys.tls = readTls(draft, node, at),
    "proxy-protocol": (node) => keys.proxyProtocol = readAnnounced(draft, node) ?? "off",
    permission: (node) => keys.mode = readScalar(draft, "listen.permission", node, modeKind),
    http2: (node) => keys.http2 = readScalar(draft, "listen.http2", node, onOff),
    quic: (node) => ignored(node, "quic"),
    owner: (node) => ignored(node, "owner"),
    group: (node) => ignored(node, "group"),
    cc: (node) => ignored(node, "cc"),
    initcwnd: (node) => ignored(node, "initcwnd"),
    sndbuf: (node) => ignored(node, "sndbuf"),
    rcvbuf: (node) => ignored(node, "rcvbuf"),
  });
  return keys;
}

function readAnnounced(draft: LevelDraft, node: ConfigNode): ListenProxyProtocol | null {
  const name = "listen.proxy-protocol";
  if (node.kind !== "mapping") return readScalar(draft, name, node, announcedKind);
  let from: ListenProxyProtocol | null = null;
  readMap(draft, name, node, {
    from: (value) => from = readPeerSet(draft, `${name}.from`, value),
  });
  if (from === null) draft.problem(node.at, `${name}: \`from\` is missing`);
  return from;
}

function listenAddress(draft: LevelDraft, keys: ListenKeys, at: Position): Address | null {
  if (keys.port === null) {
    draft.problem(at, "listen: `port` is missing");
    return null;
  }
  if (keys.type === "unix") {
    const pathKind = {
      allowed: `an absolute path of at most ${unixPathBytesMax} bytes`,
      parse: (text: string) => isUnixPath(text) ? text : null,
    };
    const path = readScalar(draft, "listen.port", keys.port, pathKind);
    return path === null ? null : { kind: "unix", path };
  }
  const port = readScalar(draft, "listen.port", keys.port, portKind);
  const host = keys.host === null || keys.host === "*" ? "" : keys.host.replace(/^\[(.*)\]$/, "$1");
  if (host !== "" && !isIpLiteral(host) && !isHostName(host)) {
    draft.problem(
      at,
      `listen.host: found \`${keys.host}\`; allowed: an IP address or a host name`,
    );
    return null;
  }
  return port === null ? null : { kind: "tcp", host, port };
}
