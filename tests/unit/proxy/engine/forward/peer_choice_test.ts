import { assertEquals } from "@std/assert";
import type { RequestHead } from "../../../../../mod/http/mod.ts";
import type { ConnectionFacts } from "../../../../../mod/proxy/engine/clients/connection_facts.ts";
import { PeerChoice } from "../../../../../mod/proxy/engine/forward/peer_choice.ts";
import type { Upstream } from "../../../../../mod/proxy/engine/forward/upstream.ts";
import { groupOf } from "../../balance/groups.ts";

const head = {} as RequestHead;
const facts = { ipBytes: new Uint8Array(4) } as ConnectionFacts;

function upstreamOf(parts: Partial<Upstream> = {}): Upstream {
  const group = groupOf(["10.0.0.1:80", "10.0.0.2:80"], {
    retryBudget: { share: 0, perSecondMin: 0 },
  });
  const choose: Upstream["choose"] = (choice) => group.choose(choice);
  return { group, hashKey: null, sticky: null, choose, ...parts } as Upstream;
}

Deno.test("PeerChoice tries no peer twice until the next request", () => {
  const upstream = upstreamOf();
  const choice = new PeerChoice();
  choice.begin(upstream, head, facts);
  const first = choice.first(upstream, 1)!;
  choice.noteTried(first);
  const second = choice.next(upstream, 1, false)!;
  assertEquals([first.index, second.index], [0, 1]);
  choice.noteTried(second);
  assertEquals(choice.next(upstream, 1, false), null);
  choice.begin(upstream, head, facts);
  assertEquals(choice.first(upstream, 1) === null, false);
});

Deno.test("PeerChoice.next() requires retry budget only if bytes were sent to a peer", () => {
  const upstream = upstreamOf();
  const choice = new PeerChoice();
  choice.begin(upstream, head, facts);
  assertEquals(choice.next(upstream, 1, true), null);
  assertEquals(upstream.group.retriesDenied, 1);
  assertEquals(choice.next(upstream, 1, false) === null, false);
});

Deno.test("PeerChoice.begin() clears the session of the previous request", () => {
  const session = { sid: "unknown", isBound: true };
  const choice = new PeerChoice();
  const sticky = upstreamOf({ sticky: (() => session) as unknown as Upstream["sticky"] });
  assertEquals(choice.begin(sticky, head, facts), session as unknown);
  assertEquals(choice.first(sticky, 1), null);
  const plain = upstreamOf();
  assertEquals(choice.begin(plain, head, facts), null);
  assertEquals(choice.first(plain, 1)?.index, 0);
});
