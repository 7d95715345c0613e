/** One entry of `servers`: nginx's `server` line without the word, `ADDR[:PORT] weight=2 backup`. */
import { nearestName, parseCount, parseDuration, parseHostAddress } from "../../config/mod.ts";
import type { PeerPlan } from "../plan.ts";
import type { Mutable } from "./drafts.ts";
import { peerDefaults } from "./upstream_defaults.ts";

const parameters = [
  "weight=N",
  "max_fails=N",
  "fail_timeout=TIME",
  "max_conns=N",
  "slow_start=TIME",
  "route=TEXT",
  "service=NAME",
  "backup",
  "down",
  "drain",
  "resolve",
];

/** The peer, or a string that says what is wrong. */
export function parseServer(text: string): PeerPlan | string {
  const [name, ...words] = text.trim().split(/\s+/);
  const address = parseHostAddress(name, 80);
  if (
    address === null || (address.kind === "tcp" && (address.host === "" || address.host === "*"))
  ) {
    return `found \`${name}\`; allowed: host, host:port, [v6]:port, unix:/path`;
  }
  const peer: Mutable<PeerPlan> = { ...peerDefaults, name, address };
  for (const word of words) {
    const wrong = applyParameter(peer, word);
    if (wrong !== null) return wrong;
  }
  return peer;
}

function applyParameter(peer: Mutable<PeerPlan>, word: string): string | null {
  const equals = word.indexOf("=");
  if (equals < 0) {
    if (word === "backup" || word === "down" || word === "drain" || word === "resolve") {
      peer[word] = true;
      return null;
    }
    return unknownParameter(word);
  }
  const name = word.slice(0, equals);
  const value = word.slice(equals + 1);
  const number = parseCount(value);
  const durationMs = parseDuration(value, 1000);
  switch (name) {
    case "weight":
      if (number === null || number < 1 || number > 65_535) return wrongValue(word, "1 to 65535");
      peer.weight = number;
      return null;
    case "max_fails":
      if (number === null) return wrongValue(word, "a number");
      peer.failsMax = number;
      return null;
    case "max_conns":
      if (number === null) return wrongValue(word, "a number");
      peer.connectionsMax = number;
      return null;
    case "fail_timeout":
      if (durationMs === null) return wrongValue(word, "a time such as 10s");
      peer.failTimeoutMs = durationMs;
      return null;
    case "slow_start":
      if (durationMs === null) return wrongValue(word, "a time such as 30s");
      peer.slowStartMs = durationMs;
      return null;
    case "route":
      peer.route = value;
      return null;
    case "service":
      peer.service = value;
      return null;
  }
  return unknownParameter(word);
}

function wrongValue(word: string, allowed: string): string {
  return `found \`${word}\`; allowed: ${allowed}`;
}

function unknownParameter(word: string): string {
  const names = parameters.map((parameter) => parameter.split("=")[0]);
  const near = nearestName(word.split("=")[0], names);
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  return `found \`${word}\`${hint}; allowed: ${parameters.join(", ")}`;
}
