/** Sets the client and the ID of a request, as its route configures them. */
import type { RequestHead } from "../../../http/mod.ts";
import type { ConnectionFacts } from "./connection_facts.ts";
import type { Route } from "../routes/routes.ts";

/** Writes both to `facts`, replacing what an earlier request of the connection left there. */
export function identify(head: RequestHead, route: Route, facts: ConnectionFacts): void {
  const { realIp, requestId } = route;
  if (realIp !== null) {
    realIp.identify(head, facts);
  } else {
    facts.client = facts.peer;
    facts.isTrusted = false;
    facts.censor = null;
  }
  if (requestId !== null) requestId.name(head, facts);
  else facts.requestId = null;
}
