/** Sets the client and the ID of a request, as its route configures them. */
import type { RequestHead } from "../../../http/mod.ts";
import type { ConnectionFacts } from "./connection_facts.ts";
import type { RealIp } from "./real_ip.ts";
import type { RequestIdRule } from "./request_id.ts";

/** How a route identifies clients and requests. */
export interface IdentityRules {
  /** Which peers are trusted to set the client address; null: none. */
  readonly realIp: RealIp | null;
  /** How requests get their ID; null: they get none. */
  readonly requestId: RequestIdRule | null;
}

/** Writes both to `facts`, replacing what an earlier request of the connection left there. */
export function identify(head: RequestHead, rules: IdentityRules, facts: ConnectionFacts): void {
  const { realIp, requestId } = rules;
  if (realIp !== null) {
    realIp.identify(head, facts);
  } else {
    facts.client = facts.peer;
    facts.isTrusted = false;
    facts.untrustedFields = null;
  }
  if (requestId !== null) requestId.name(head, facts);
  else facts.requestId = null;
}
