/** `real-ip`: which peers may set the client address, and how it is read (nginx's realip). */
import type { Address } from "../../../base/address.ts";
import { formatIp, parseIp, unmapped } from "../../../base/ip.ts";
import type { IpRanges } from "../../../base/ip_ranges.ts";
import { latin1Bytes, type RequestHead } from "../../../http/mod.ts";
import { PeerSet } from "../../plan/peer_set.ts";
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

/** The lines of a list field form one list (RFC 9110 5.3). */
function allValues(head: RequestHead, lowerName: string): string {
  let list = "";
  for (let i = head.find(lowerName); i >= 0; i = head.find(lowerName, i + 1)) {
    list = list === "" ? head.value(i) : `${list},${head.value(i)}`;
  }
  return list;
}

/**
 * The last address of a list. With `passed`: the last address that is not in it, or the first of
 * all. Reads only what trusted peers have appended: an element that is not an address ends the
 * search, and the last address found before that is used. Null: no address.
 */
export function rightmost(list: string, passed: IpRanges | null): Address | null {
  let found: Address | null = null;
  for (let end = list.length; end >= 0;) {
    const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1);
    const element = list.slice(comma + 1, end).trim();
    end = comma;
    if (element === "") continue;
    const node = parseNode(element);
    if (node === null) break;
    found = node.address;
    if (passed === null || !passed.has(node.ip)) break;
  }
  return found;
}

/** Parses an address with or without port, or the `for` of a Forwarded element (RFC 7239). */
function parseNode(element: string): { address: Address; ip: Uint8Array } | null {
  // A comma within quotes has split the element: neither half is what its sender wrote.
  if (element.includes("\\") || element.split('"').length % 2 === 0) return null;
  const named = /(?:^|;)\s*for\s*=\s*"?([^";]*)"?/i.exec(element);
  const text = named === null ? element : named[1];
  const [, literal, plain, portText] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const ip = parseIp(literal ?? plain ?? text);
  if (ip === null) return null;
  const host = formatIp(unmapped(ip));
  return { address: { kind: "tcp", host, port: Math.min(65_535, Number(portText ?? 0)) }, ip };
}
