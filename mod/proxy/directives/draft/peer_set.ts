/** Lists of peers: addresses, blocks of addresses, and `unix:` for all peers on unix sockets. */
import { type IpRange, parseIpRange } from "../../../base/ip_ranges.ts";
import { type ConfigNode } from "../../../config/mod.ts";
import type { PeerSetPlan } from "../../../base/peer_set.ts";
import { itemsOf, readScalar } from "./directive.ts";
import type { LevelDraft } from "./drafts.ts";

const peerKind = {
  allowed: "an IP address, a block such as 10.0.0.0/8, or unix:",
  parse: (text: string) => text === "unix:" ? "unix" as const : parseIpRange(text),
};

/** Reads one peer or a sequence of peers; `what` is the directive's name in messages. */
export function readPeerSet(draft: LevelDraft, what: string, node: ConfigNode): PeerSetPlan {
  const ranges: IpRange[] = [];
  let unix = false;
  for (const item of itemsOf(node)) {
    const peer = readScalar(draft, what, item, peerKind);
    if (peer === "unix") unix = true;
    else if (peer !== null) ranges.push(peer);
    if (peer !== null && peer !== "unix" && peer.hadHostBits && item.kind === "scalar") {
      draft.notice(item.at, `${what}: ${item.text}: the bits after the prefix are ignored`);
    }
  }
  return { ranges, unix };
}
