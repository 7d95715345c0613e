/** The head of a forwarded request, written for the chosen peer. */
import { HeadWriter, type RequestHead } from "../../../http/mod.ts";
import type { Peer } from "../../balance/peer.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { ProxyRoute } from "./proxy_route.ts";
import { versionEnd, writeAfterHost, writeHost, writeRequestHead } from "./request_forwarding.ts";
import type { Session } from "./sticky.ts";

/**
 * Reused for each request. If every peer gets the same bytes, they are written once. If the
 * upstream's URLs differ, target and Host depend on the peer. It is chosen later, and again for
 * each retry, when the client's head is no longer valid, so the parts of the head are kept.
 */
export class AddressedHead {
  /** The bytes to send, up to the last field line. */
  readonly writer = new HeadWriter(1024);
  /** Created at the first request whose peers differ. */
  #parts: HeadParts | null = null;

  /** Starts a request; `head` is not kept. `isHandshake`: it is a WebSocket handshake. */
  begin(
    head: RequestHead,
    router: Router<unknown>,
    route: ProxyRoute,
    facts: ConnectionFacts,
    session: Session | null,
    isHandshake: boolean,
  ): void {
    if (route.byOrigin.length === 0) {
      writeRequestHead(this.writer, head, router, route, facts, session, isHandshake);
    } else {
      this.#parts ??= new HeadParts();
      this.#parts.keep(head, router, route, facts, session, isHandshake);
    }
  }

  /** Returns the route of the peer's URL; a peer added at run time gets the first URL's. */
  addressTo(peer: Peer, route: ProxyRoute): ProxyRoute {
    const { byOrigin } = route;
    if (byOrigin.length === 0) return route;
    const chosen = byOrigin[peer.plan.origin ?? 0] ?? byOrigin[0];
    this.#parts!.writeTo(this.writer, chosen);
    return chosen;
  }
}

/** A head without the start of its target, and without Host unless the client's is kept. */
class HeadParts {
  readonly #writer = new HeadWriter(1024);
  /** Ends of the method, the path after the prefix, the query and the client's Host line. */
  #methodEnd = 0;
  #restEnd = 0;
  #queryEnd = 0;
  #hostEnd = 0;

  keep(
    head: RequestHead,
    router: Router<unknown>,
    route: ProxyRoute,
    facts: ConnectionFacts,
    session: Session | null,
    isHandshake: boolean,
  ): void {
    const writer = this.#writer;
    writer.clear();
    writer.known.isWanted = route.upstream.mayUseHttp2;
    writer.copy(head.bytes, head.methodStart, head.methodEnd + 1);
    this.#methodEnd = writer.length;
    writer.copy(router.restBytes, router.restStart, router.restEnd);
    this.#restEnd = writer.length;
    writer.copy(head.bytes, router.queryStart, router.queryEnd);
    this.#queryEnd = writer.length;
    if (route.preserveHost && head.hostStart >= 0) writeHost(writer, head, route);
    this.#hostEnd = writer.length;
    writeAfterHost(writer, head, route, facts, session, isHandshake);
  }

  /** Writes the head of a request to a peer of `route`. */
  writeTo(writer: HeadWriter, { base, baseAlone, hostLine }: ProxyRoute): void {
    const { bytes, length } = this.#writer;
    const start = this.#restEnd > this.#methodEnd ? base : baseAlone;
    writer.clear();
    writer.copy(bytes, 0, this.#methodEnd);
    writer.copy(start, 0, start.length);
    writer.copy(bytes, this.#methodEnd, this.#queryEnd);
    writer.constant(versionEnd);
    if (this.#hostEnd === this.#queryEnd) writer.constant(hostLine);
    const shift = writer.length - this.#queryEnd;
    writer.copy(bytes, this.#queryEnd, length);
    const { neverIndexed } = this.#writer;
    for (let i = 0; i < neverIndexed.count; i++) {
      writer.neverIndexed.add(neverIndexed.starts[i] + shift);
    }
    writer.known.addAll(this.#writer.known, shift);
  }
}
