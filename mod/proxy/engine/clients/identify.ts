/** Whom a request comes from and what it is called, where its route wants to know. */
import type { RequestHead } from "../../../http1/mod.ts";
import type { ConnectionFacts } from "./connection_facts.ts";
import type { Route } from "../routes.ts";

/** Settles it in `facts`, also where an earlier request of the connection had settled it otherwise. */
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
