import { assert, assertEquals } from "@std/assert";
import { parseIp } from "../../../../mod/base/ip.ts";
import type { Choice } from "../../../../mod/proxy/balance/balancer.ts";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { withAddresses } from "./groups.ts";
import { parseServer } from "../../../../mod/proxy/directives/upstream/server_line.ts";
import type { BalancePlan, UpstreamPlan } from "../../../../mod/proxy/plan/plan.ts";

function group(servers: string[], balance: BalancePlan, random?: () => number): PeerGroup {
  const peers = servers.map((line) => {
    const peer = parseServer(line);
    if (typeof peer === "string") throw new Error(peer);
    return peer;
  });
  return withAddresses(new PeerGroup({ peers, balance } as unknown as UpstreamPlan, random));
}

function choice(changes: Partial<Choice> = {}): Choice {
  return {
    nowMs: 1_000_000,
    address: new Uint8Array(0),
    key: "",
    tried: null,
    sid: "",
    isBound: false,
    ...changes,
  };
}

/** The index of each chosen peer, `-` for none. */
function picks(peers: PeerGroup, choices: Choice[]): string {
  return choices.map((one) => peers.choose(one)?.index ?? "-").join("");
}

function times(count: number): Choice[] {
  return Array.from({ length: count }, () => choice());
}

const weighted = ["127.0.0.1:18801", "127.0.0.1:18802 weight=2", "127.0.0.1:18803 weight=3"];
const keys = Array.from({ length: 40 }, (_, index) => choice({ key: `key${index}` }));

// What nginx 1.22.1 chose for the same servers, keys and addresses.
const nginx = {
  consistent: "2210212112001001012210112222222202222122",
  hash: "2222122201212210101210222202121202102112",
  hashFirstDown: "2222122221212211111212222222121212112112",
  consistentSecondDown: "2220222202000002002220222222222202222222",
  ipHash: "1222222122",
  roundRobin: "020102020020102020",
};

Deno.test("KeyHash chooses like nginx's hash", () => {
  const balance = { kind: "hash", key: "$arg_k", consistent: false } as const;
  assertEquals(picks(group(weighted, balance), keys), nginx.hash);
  const firstDown = [`${weighted[0]} down`, ...weighted.slice(1)];
  assertEquals(picks(group(firstDown, balance), keys), nginx.hashFirstDown);
});

Deno.test("ConsistentHash chooses like nginx's hash consistent", () => {
  const balance = { kind: "hash", key: "$arg_k", consistent: true } as const;
  assertEquals(picks(group(weighted, balance), keys), nginx.consistent);
  const secondDown = [weighted[0], `${weighted[1]} down`, weighted[2]];
  assertEquals(picks(group(secondDown, balance), keys), nginx.consistentSecondDown);
});

Deno.test("IpHash chooses like nginx's ip_hash", () => {
  const texts =
    "1.2.3.4 10.0.0.1 192.168.7.9 8.8.8.8 172.16.5.4 200.1.2.3 77.88.99.1 2001:db8::1 fe80::7 ::1";
  const addresses = texts.split(" ").map((text) => choice({ address: parseIp(text)! }));
  assertEquals(picks(group(weighted, { kind: "ip_hash" }), addresses), nginx.ipHash);
});

Deno.test("RoundRobin is smooth and weighted like nginx's", () => {
  const peers = group(["a:1 weight=5", "b:1 weight=1", "c:1 weight=3"], { kind: "round_robin" });
  assertEquals(picks(peers, times(18)), nginx.roundRobin);
});

Deno.test("LeastConn prefers the fewest exchanges per weight and rotates among equals", () => {
  const peers = group(["a:1", "b:1", "c:1 weight=2"], { kind: "least_conn" });
  const [a, b, c] = peers.peers;
  [a.active, b.active, c.active] = [1, 1, 1];
  assertEquals(picks(peers, times(2)), "22");
  [a.active, b.active, c.active] = [1, 1, 2];
  assertEquals(picks(peers, times(4)).split("").sort().join(""), "0122");
  [a.active, b.active, c.active] = [0, 3, 9];
  assertEquals(picks(peers, times(2)), "00");
});

Deno.test("RandomChoice with two draws takes the less busy peer", () => {
  const draws = [0.1, 0.9, 0.9, 0.1];
  let at = 0;
  const peers = group(
    ["a:1", "b:1"],
    { kind: "random", two: true },
    () => draws[at++ % draws.length],
  );
  peers.peers[0].active = 5;
  assertEquals(picks(peers, times(2)), "11");
});

const balances: BalancePlan[] = [
  { kind: "round_robin" },
  { kind: "least_conn" },
  { kind: "random", two: false },
  { kind: "random", two: true },
  { kind: "ip_hash" },
  { kind: "hash", key: "k", consistent: false },
  { kind: "hash", key: "k", consistent: true },
  { kind: "least_time", until: "header", inflight: false },
  { kind: "least_time", until: "last_byte", inflight: true },
];

/** Makes one of three peers unusable, in every possible way. */
const obstacles: [string, (peer: Peer) => void][] = [
  ["down", (peer) => peer.change({ down: true }, 0)],
  ["check", (peer) => peer.checkDown = true],
  ["draining", (peer) => peer.change({ draining: true }, 0)],
  ["max_conns", (peer) => (peer.change({ connectionsMax: 1 }, 0), peer.active = 1)],
  ["max_fails", (peer) => peer.noteFailure(1_000_000)],
  ["ejected", (peer) => peer.ejectUntil(1_000_001)],
];

Deno.test("Every balancer skips unusable peers and returns none when no peer is usable", () => {
  const address = parseIp("10.1.2.3")!;
  for (const balance of balances) {
    for (const [label, apply] of obstacles) {
      const peers = group(["a:1", "b:1", "c:1"], balance);
      const message = `${JSON.stringify(balance)} ${label}`;
      apply(peers.peers[0]);
      apply(peers.peers[2]);
      for (let i = 0; i < 10; i++) {
        assertEquals(peers.choose(choice({ key: `k${i}`, address }))?.index, 1, message);
      }
      apply(peers.peers[1]);
      assertEquals(peers.choose(choice({ key: "k", address })), null, message);
    }
  }
});

Deno.test("Every balancer tries each peer at most once per request", () => {
  for (const balance of balances) {
    const peers = group(["a:1", "b:1 weight=9", "c:1"], balance);
    const tried = new Set<Peer>();
    const one = choice({ key: "x", address: parseIp("10.1.2.3")!, tried });
    for (let i = 0; i < 3; i++) tried.add(peers.choose(one)!);
    assertEquals(tried.size, 3, JSON.stringify(balance));
    assertEquals(peers.choose(one), null, JSON.stringify(balance));
  }
});

Deno.test("PeerGroup.choose() skips a server whose name has no address", () => {
  const peers = group(["a", "b", "c backup"], { kind: "round_robin" });
  const [a, b] = peers.peers;
  const known = a.addresses;
  a.addresses = [];
  assertEquals(picks(peers, times(2)), "11");
  b.addresses = [];
  assertEquals(picks(peers, times(2)), "22");
  a.addresses = known;
  assertEquals(picks(peers, times(2)), "00");
  const single = group(["a"], { kind: "round_robin" });
  single.peers[0].addresses = [];
  assertEquals(picks(single, times(1)), "-");
});

Deno.test("PeerGroup.choose() uses the backups only when no primary is left", () => {
  const peers = group(["a:1", "b:1 backup", "c:1 backup"], { kind: "round_robin" });
  assertEquals(picks(peers, times(2)), "00");
  peers.peers[0].checkDown = true;
  assertEquals(picks(peers, times(4)), "1212");
});

Deno.test("Peer is out after max_fails and gets one request per fail_timeout", () => {
  const peers = group(["a:1 max_fails=2 fail_timeout=10s", "b:1"], { kind: "round_robin" });
  const [a] = peers.peers;
  const at = (nowMs: number, count: number) =>
    picks(peers, Array.from({ length: count }, () => choice({ nowMs })));
  assertEquals(peers.noteFailure(a, 1000), false);
  assertEquals(peers.noteFailure(a, 1000), true);
  assertEquals(at(11_000, 4), "1111");
  // The time is over: one request probes the peer, the others still go elsewhere.
  const after = at(11_001, 6);
  assertEquals(after.split("").filter((index) => index === "0").length, 1, after);
  a.noteFailure(11_002);
  assertEquals(at(20_000, 3), "111");
  assert(at(21_003, 4).includes("0"));
  a.noteSuccess(21_004);
  assertEquals(a.fails, 0);
});

Deno.test("PeerGroup ignores passive failures of its only peer", () => {
  const peers = group(["a:1"], { kind: "round_robin" });
  for (let i = 0; i < 5; i++) peers.noteFailure(peers.peers[0], 1000);
  assertEquals(picks(peers, times(2)), "00");
  peers.peers[0].checkDown = true;
  assertEquals(picks(peers, times(1)), "-");
});

Deno.test("Peer with slow_start returns with a growing weight", () => {
  const peers = group(["a:1 slow_start=10s", "b:1"], { kind: "round_robin" });
  const share = (nowMs: number) => {
    peers.peers[0].comeBack(1000);
    const chosen = picks(peers, Array.from({ length: 100 }, () => choice({ nowMs })));
    return chosen.split("").filter((index) => index === "0").length;
  };
  const shares = [share(1100), share(3000), share(6000), share(11_000)];
  assertEquals(
    shares.every((count, index) => index === 0 || count > shares[index - 1]),
    true,
    shares.join(),
  );
  assertEquals(shares[3], 50);
});
