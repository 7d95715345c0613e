/** One entry of `servers`: the parameters of nginx's `server`, `ADDR[:PORT] weight=2 backup`. */
import type { Mutable } from "../../../base/mutable.ts";
import { parseCount, parseDuration, parseHostAddress } from "../../../config/mod.ts";
import { type PeerPlan, routeForm } from "../../plan/plan.ts";
import type {} from "../draft/drafts.ts";
import { peerDefaults } from "../../plan/upstream_defaults.ts";
import { joinFaults, readWords, type WordReader, wordsOf } from "../draft/word_line.ts";

/** Returns the peer, or an error message. */
export function parseServer(text: string): PeerPlan | string {
  const [name = "", ...words] = wordsOf(text);
  const address = parseHostAddress(name, 80);
  const isAddress = address !== null &&
    (address.kind === "unix" || (address.host !== "" && address.host !== "*"));
  const wrong = `found \`${name}\`; allowed: host, host:port, [v6]:port, unix:/path`;
  const peer: Mutable<PeerPlan> = { ...peerDefaults, name, address: address ?? noAddress };
  const faults = [isAddress ? null : wrong, readWords(words, parametersOf(peer))];
  return joinFaults(faults) ?? peer;
}

/** Replaces an invalid address, so that the parameters after it are still checked. */
const noAddress = { kind: "unix", path: "" } as const;

function parametersOf(peer: Mutable<PeerPlan>): WordReader[] {
  const number = (name: string, set: (value: number) => void): WordReader => ({
    form: `${name}=N`,
    allowed: "a number",
    read: (text) => apply(parseCount(text), set),
  });
  const time = (name: string, example: string, set: (ms: number) => void): WordReader => ({
    form: `${name}=TIME`,
    allowed: `a time such as ${example}`,
    read: (text) => apply(parseDuration(text, 1000), set),
  });
  const flag = (name: "backup" | "down" | "drain" | "resolve"): WordReader => ({
    form: name,
    read: () => peer[name] = true,
  });
  return [
    {
      form: "weight=N",
      allowed: "1 to 65535",
      read: (text) => {
        const weight = parseCount(text);
        const isRight = weight !== null && weight >= 1 && weight <= 65_535;
        return isRight && (peer.weight = weight) > 0;
      },
    },
    number("max_fails", (value) => peer.failsMax = value),
    time("fail_timeout", "10s", (ms) => peer.failTimeoutMs = ms),
    number("max_conns", (value) => peer.connectionsMax = value),
    time("slow_start", "30s", (ms) => peer.slowStartMs = ms),
    {
      form: "route=TEXT",
      allowed: "1 to 32 characters that a cookie may have",
      read: (text) => routeForm.test(text) && (peer.route = text) !== "",
    },
    { form: "service=NAME", read: (text) => (peer.service = text) !== "" },
    flag("backup"),
    flag("down"),
    flag("drain"),
    flag("resolve"),
  ];
}

/** Sets a value unless it is null. Returns whether it was set. */
function apply<T>(value: T | null, set: (value: T) => void): boolean {
  if (value !== null) set(value);
  return value !== null;
}
