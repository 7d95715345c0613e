/** `--trust-proxy`: who a request is from when a trusted proxy has forwarded it. */
import type { Address } from "../../base/address.ts";
import { PeerSet } from "../../base/peer_set.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { allValues, type ForwardedElement, rightmostElement } from "../../http/forwarded.ts";
import { isHost } from "../../http/host.ts";
import { latin1Bytes } from "../../http/latin1.ts";
import type { RequestHead } from "../../http/request_head.ts";
import type { TrustPlan } from "../plan/plan.ts";

/** What a trusted proxy says of a request. */
export interface Client {
  readonly address: Address;
  readonly scheme: "http" | "https";
  /** With its port, as the client sent it; null: the Host of the request is right. */
  readonly host: string | null;
}

/** Kept with a connection: its peer is looked up once, and the same claims are parsed once. */
class ProxyConnection {
  readonly isTrusted: boolean;
  claims = "";
  client: Client | null = null;

  constructor(isTrusted: boolean) {
    this.isTrusted = isTrusted;
  }
}

/** Reads only the fields of peers in the list: from others they are what a client has made up. */
export class TrustedProxies {
  readonly #peers: PeerSet;
  readonly #usesForwarded: boolean;

  constructor(plan: TrustPlan) {
    this.#peers = new PeerSet(plan.peers);
    this.#usesForwarded = plan.field === "forwarded";
  }

  /** null: the connection's own address, scheme and Host count. */
  clientOf(exchange: Exchange): Client | null {
    const { connection, head } = exchange;
    const known = (connection.context ??= new ProxyConnection(
      this.#peers.has(connection.peerAddress()),
    )) as ProxyConnection;
    if (!known.isTrusted) return null;
    const claims = this.#usesForwarded
      ? allValues(head, "forwarded")
      : `${allValues(head, "x-forwarded-for")}\n${allValues(head, "x-forwarded-proto")}\n` +
        allValues(head, "x-forwarded-host");
    if (claims !== known.claims) {
      known.claims = claims;
      known.client = this.#read(exchange, head);
    }
    return known.client;
  }

  #read({ connection }: Exchange, head: RequestHead): Client | null {
    const own = connection.isSecure ? "https" : "http";
    const field = this.#usesForwarded ? "forwarded" : "x-forwarded-for";
    const found = rightmostElement(allValues(head, field), this.#peers.ranges);
    const claim = (fieldName: string, parameter: string) =>
      this.#usesForwarded
        ? parameterOf(found, parameter)
        : besideElement(allValues(head, fieldName), found);
    const scheme = claim("x-forwarded-proto", "proto").toLowerCase();
    const host = claim("x-forwarded-host", "host");
    const hostBytes = latin1Bytes(host);
    const isHostRight = host !== "" && isHost(hostBytes, 0, hostBytes.length);
    const isSchemeKnown = scheme === "http" || scheme === "https";
    if (found === null && !isSchemeKnown && !isHostRight) return null;
    return {
      address: found?.address ?? connection.peerAddress(),
      scheme: isSchemeKnown ? scheme : own,
      host: isHostRight ? host : null,
    };
  }
}

/**
 * The element that the proxy has written which wrote the address: as far from the right. Proxies that
 * replace the field leave one element.
 */
function besideElement(list: string, found: ForwardedElement | null): string {
  const elements = list.split(",").map((text) => text.trim()).filter((text) => text !== "");
  const fromRight = Math.min(found?.fromRight ?? 0, elements.length - 1);
  return elements[elements.length - 1 - fromRight] ?? "";
}

/** A parameter of an element of Forwarded (RFC 7239 4); "" without it. */
function parameterOf(found: ForwardedElement | null, name: string): string {
  for (const pair of found?.text.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (pair.slice(0, Math.max(0, at)).trim().toLowerCase() !== name) continue;
    return pair.slice(at + 1).trim().replace(/^"(.*)"$/, "$1");
  }
  return "";
}
