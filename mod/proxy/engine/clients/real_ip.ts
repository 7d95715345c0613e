/** `real-ip`: which peers may set the client address, and how it is read (nginx's realip). */
import { allValues, rightmost } from "../../../http/forwarded.ts";
import { latin1Bytes, type RequestHead } from "../../../http/mod.ts";
import { PeerSet } from "../../../base/peer_set.ts";
import type { RealIpPlan } from "../../plan/plan.ts";
import { Spelling, spellingOf, usualSpelling } from "../fields/field_spelling.ts";
import { ClientIdentity } from "./client_identity.ts";

const forwardedPrefix = latin1Bytes("x-forwarded-");

/** The last client address a peer gave and its parsed form, cached for the next request. */
export interface Claim {
  readonly believer: RealIp;
  readonly text: string;
  readonly client: ClientIdentity;
}

/** Where the client of a request is kept. */
export interface ClientSlot {
  /** The other end of the connection. */
  readonly peer: ClientIdentity;
  client: ClientIdentity;
  isTrusted: boolean;
  untrustedFields: RealIp | null;
  lastClaim: Claim | null;
}

/** A compiled `real-ip`, shared by all requests of the levels that it applies to. */
export class RealIp {
  readonly #plan: RealIpPlan;
  readonly #trusted: PeerSet;
  /** Names of fields that only trusted peers may send; from others they can be dropped. */
  readonly #addressFields: readonly Uint8Array[];

  constructor(plan: RealIpPlan) {
    this.#plan = plan;
    this.#trusted = new PeerSet(plan.from);
    this.#addressFields = ["forwarded", "x-real-ip", plan.field].map(latin1Bytes);
  }

  /** Determines the client of the request. */
  identify(head: RequestHead, slot: ClientSlot): void {
    const { peer } = slot;
    const isTrusted = this.#trusted.has(peer.address, peer.ipBytes);
    slot.isTrusted = isTrusted;
    slot.untrustedFields = this.#plan.dropsUntrusted ? this : null;
    slot.client = isTrusted ? this.#claimed(head, slot) : peer;
  }

  /**
   * Whether the field at `index` makes a claim about the client or its route and must not be
   * forwarded. Trusted peers set these fields by their usual names. Another spelling that
   * applications read as the same name (`X_Forwarded_For`) is dropped: a client sent it through a
   * trusted peer.
   */
  isUnwanted(head: RequestHead, index: number, isTrusted: boolean): boolean {
    const accepted = isTrusted ? Spelling.same : Spelling.other;
    for (let i = 0; i < this.#addressFields.length; i++) {
      const spelling = spellingOf(head, index, this.#addressFields[i]);
      if (spelling !== Spelling.other) return spelling !== accepted;
    }
    const spelling = spellingOf(head, index, forwardedPrefix, true);
    return spelling !== Spelling.other && spelling !== accepted;
  }

  /** Whether a field of this name, in its usual spelling, says who the client is. */
  namesClient(usualName: string): boolean {
    return usualSpelling(this.#plan.field) === usualName;
  }

  #claimed(head: RequestHead, slot: ClientSlot): ClientIdentity {
    const { peer } = slot;
    const { field, recursive } = this.#plan;
    const list = allValues(head, field);
    const proto = head.field("x-forwarded-proto") ?? "";
    if (list === "" && proto === "") return peer;
    const text = `${proto} ${list}`;
    const last = slot.lastClaim;
    if (last !== null && last.text === text && last.believer === this) return last.client;
    const address = rightmost(list, recursive ? this.#trusted.ranges : null) ?? peer.address;
    const scheme = proto === "http" || proto === "https" ? proto : peer.scheme;
    const client = new ClientIdentity(address, scheme);
    slot.lastClaim = { believer: this, text, client };
    return client;
  }
}
