import { assertEquals } from "@std/assert";
import type { ServicePlace } from "../../../../mod/net/dns/name_service.ts";
import { parseServer } from "../../../../mod/proxy/directives/upstream/server_line.ts";
import { namedPeers, placesOf, serviceName } from "../../../../mod/proxy/names/named_peers.ts";
import type { BalancePlan, PeerPlan } from "../../../../mod/proxy/plan/plan.ts";

const roundRobin: BalancePlan = { kind: "round_robin" };

/** Name, weight and whether it is a backup, of each peer. */
function peers(line: string, places: readonly ServicePlace[] | string[], balance = roundRobin) {
  const server = parseServer(line) as PeerPlan;
  const parent = { id: 7, host: server.name, service: server.service };
  const all = typeof places[0] === "string" ? placesOf(server, places as string[]) : places;
  return namedPeers(server, parent, all as ServicePlace[], balance)
    .map(({ name, weight, backup }) => [name, weight, backup]);
}

Deno.test("namedPeers() makes a peer for each address, with the line's port and weight", () => {
  assertEquals(peers("app.example:81 weight=3 resolve", ["10.0.0.1", "10.0.0.2", "10.0.0.1"]), [
    ["10.0.0.1:81", 3, false],
    ["10.0.0.2:81", 3, false],
  ]);
});

Deno.test("namedPeers() makes IPv6 addresses the fallback of IPv4", () => {
  const both = ["10.0.0.1", "2001:db8::1"];
  assertEquals(peers("app.example resolve", both), [
    ["10.0.0.1:80", 1, false],
    ["[2001:db8::1]:80", 1, true],
  ]);
  assertEquals(peers("app.example resolve", ["2001:db8::1"]), [["[2001:db8::1]:80", 1, false]]);
  assertEquals(peers("app.example resolve", both, { kind: "ip_hash" }), [
    ["10.0.0.1:80", 1, false],
  ]);
});

const places: ServicePlace[] = [
  { host: "c", port: 83, priority: 20, weight: 4, addresses: ["10.0.0.3"] },
  { host: "a", port: 81, priority: 10, weight: 3, addresses: ["10.0.0.1"] },
  { host: "b", port: 82, priority: 10, weight: 0, addresses: ["10.0.0.2"] },
];

Deno.test("namedPeers() maps later SRV priorities to backups, and SRV weights to weights", () => {
  assertEquals(peers("app.example service=http resolve", places), [
    ["10.0.0.1:81", 3, false],
    ["10.0.0.2:82", 1, false],
    ["10.0.0.3:83", 4, true],
  ]);
  assertEquals(peers("app.example service=http resolve weight=5 backup", places), [
    ["10.0.0.1:81", 5, true],
    ["10.0.0.2:82", 5, true],
    ["10.0.0.3:83", 5, true],
  ]);
  const hash: BalancePlan = { kind: "hash", key: "$uri", consistent: true };
  assertEquals(peers("app.example service=http resolve", places, hash).map(([name]) => name), [
    "10.0.0.1:81",
    "10.0.0.2:82",
  ]);
});

Deno.test("namedPeers() keeps the line's parameters and records the origin of a peer", () => {
  const server = parseServer("app.example max_fails=4 resolve") as PeerPlan;
  const parent = { id: 7, host: "app.example", service: "" };
  const [peer] = namedPeers(server, parent, placesOf(server, ["10.0.0.1"]), roundRobin);
  assertEquals([peer.failsMax, peer.parent, peer.serverName], [4, parent, "app.example"]);
});

Deno.test("serviceName() completes a short service like nginx", () => {
  const rows: [string, string][] = [
    ["http", "_http._tcp.app.example"],
    ["_http._tcp", "_http._tcp.app.example"],
    ["blue.backend", "blue.backend.app.example"],
  ];
  for (const [service, expected] of rows) {
    assertEquals(serviceName(service, "app.example"), expected);
  }
});
