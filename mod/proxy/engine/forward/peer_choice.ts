/** Chooses the peer for one request by client, hash key and session; no peer is chosen twice. */
import type { RequestHead } from "../../../http/mod.ts";
import type { Choice } from "../../balance/balancer.ts";
import type { Peer } from "../../balance/peer.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { Session } from "./sticky.ts";
import type { Upstream } from "./upstream.ts";

const noAddress = new Uint8Array(0);

/** Reused for each request. */
export class PeerChoice {
  readonly #choice: Choice = {
    nowMs: 0,
    address: noAddress,
    key: "",
    tried: null,
    sid: "",
    isBound: false,
  };

  /**
   * Starts a request; `head` is not kept. Returns the client's session with a peer; null without
   * `sticky`.
   */
  begin(upstream: Upstream, head: RequestHead, facts: ConnectionFacts): Session | null {
    const { hashKey, sticky } = upstream;
    const choice = this.#choice;
    choice.address = facts.ipBytes;
    choice.key = hashKey === null ? "" : hashKey(head, facts);
    choice.tried = null;
    choice.sid = "";
    if (sticky === null) return null;
    const session = sticky(head, facts, Date.now());
    choice.sid = session.sid;
    choice.isBound = session.isBound;
    return session;
  }

  /** A peer that was not tried, or null: `no live upstreams`. */
  first(upstream: Upstream, nowMs: number): Peer | null {
    this.#choice.nowMs = nowMs;
    return upstream.choose(this.#choice);
  }

  /**
   * Another peer, or null if there is none or the retry budget is used up. A retry of a request
   * that no peer was sent is free, since it adds no load.
   */
  next(upstream: Upstream, nowMs: number, wasSent: boolean): Peer | null {
    const peer = this.first(upstream, nowMs);
    return peer === null || !wasSent || upstream.group.takeRetry(nowMs) ? peer : null;
  }

  noteTried(peer: Peer): void {
    this.#choice.tried ??= new Set();
    this.#choice.tried.add(peer);
  }
}
