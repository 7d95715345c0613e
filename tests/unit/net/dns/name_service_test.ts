import { assert, assertEquals } from "@std/assert";
import { PeerError } from "../../../../mod/base/errors.ts";
import { dnsDefaults, type DnsServer } from "../../../../mod/net/dns/host_files.ts";
import {
  type FoundAddresses,
  type LookupFailure,
  type LookupRules,
  NameService,
} from "../../../../mod/net/dns/name_service.ts";
import {
  answerFrom,
  encodeResponse,
  readQuery,
  type TestResponse,
  zone,
} from "../../../support/dns_server.ts";

const explicit: LookupRules = {
  settings: { ...dnsDefaults, servers: [{ host: "10.9.9.9", port: 53 }] },
  usesV4: true,
  usesV6: true,
};
const timeout = new PeerError("ETIMEDOUT", "upstream", "no answer", true);

/** A host whose network is a table of records. */
class World {
  readonly files = new Map<string, string>();
  readonly queries: string[] = [];
  systemNames: Record<string, string[]> = {};
  /** Replaces a server's response; null: no response. */
  reply: (server: DnsServer, response: TestResponse) => TestResponse | null = (_, one) => one;

  constructor(readonly lines: string[]) {}

  readonly service = new NameService({
    readText: (path) => this.files.get(path) ?? null,
    system: (host) => {
      const found = this.systemNames[host];
      return Promise.resolve(found ?? new PeerError("ENOTFOUND", "upstream", "unknown", true));
    },
    transport: {
      datagram: (server, query, _timeoutMs, isAnswer) =>
        Promise.resolve(this.#serve(server, query, "udp", isAnswer)),
      stream: (server, query) => Promise.resolve(this.#serve(server, query, "tcp", () => true)),
    },
  });

  #serve(
    server: DnsServer,
    query: Uint8Array,
    transport: string,
    isAnswer: (bytes: Uint8Array) => boolean,
  ): Uint8Array | PeerError {
    const question = readQuery(query);
    this.queries.push(`${server.host} ${question.name} ${question.type} ${transport}`);
    const response = this.reply(server, answerFrom(zone(...this.lines), question));
    if (response === null) return timeout;
    const bytes = encodeResponse(
      transport === "tcp" ? { ...response, isTruncated: false } : response,
    );
    return isAnswer(bytes) ? bytes : timeout;
  }
}

function found(answer: FoundAddresses | LookupFailure): [readonly string[], number] {
  if ("error" in answer) throw new Error(answer.error.message);
  return [answer.addresses, answer.ttlMs];
}

function failed(answer: unknown): [string, number | null] {
  const { error, ttlMs } = answer as LookupFailure;
  return [error.message, ttlMs];
}

Deno.test("NameService.addresses() queries both families and uses the shorter TTL", async () => {
  const world = new World(["app.example 30 A 10.0.0.2", "app.example 20 AAAA 2001:db8::2"]);
  assertEquals(found(await world.service.addresses("App.Example", explicit)), [
    ["10.0.0.2", "2001:db8::2"],
    20_000,
  ]);
  const onlyV4 = { ...explicit, usesV6: false };
  assertEquals(found(await world.service.addresses("app.example", onlyV4))[0], ["10.0.0.2"]);
});

Deno.test("NameService.addresses() follows aliases, also beyond one response", async () => {
  const world = new World([
    "app.example 60 CNAME web.example",
    "web.example 25 CNAME host.other",
    "host.other 50 A 10.0.0.3",
  ]);
  // This server knows no other zone: its answers end at the border.
  world.reply = (_, response) => ({
    ...response,
    code: 0,
    answers: response.question.name.endsWith(".other")
      ? response.answers ?? []
      : (response.answers ?? []).filter((one) => one.type === "CNAME"),
  });
  assertEquals(found(await world.service.addresses("app.example", explicit)), [
    ["10.0.0.3"],
    25_000,
  ]);
});

Deno.test("NameService.addresses() gives up on an alias loop", async () => {
  const world = new World(["a.example 60 CNAME b.example", "b.example 60 CNAME a.example"]);
  const [message] = failed(await world.service.addresses("a.example", explicit));
  assertEquals(message, "a.example has a loop of aliases, or too many of them");
});

Deno.test("NameService.addresses() returns how long an absence is valid", async () => {
  const world = new World(["example 900 SOA 12", "empty.example 60 SRV 0 0 1 x"]);
  assertEquals(failed(await world.service.addresses("no.example", explicit)), [
    "no such name: no.example",
    12_000,
  ]);
  assertEquals(failed(await world.service.addresses("empty.example", explicit)), [
    "empty.example has no A record",
    12_000,
  ]);
});

Deno.test("NameService.addresses() bounds the TTLs of servers", async () => {
  // Docker's DNS server sends 600 for short-lived containers; 0 must not cause a flood of queries.
  for (const [ttl, bounded] of [[600, 30_000], [31, 30_000], [29, 29_000], [0, 1000]]) {
    const world = new World([`app.example ${ttl} A 10.0.0.2`]);
    assertEquals(found(await world.service.addresses("app.example", explicit))[1], bounded);
  }
});

Deno.test("NameService.addresses() tries the next server, and then starts over", async () => {
  const world = new World(["app.example 30 A 10.0.0.2"]);
  const servers = [{ host: "10.9.9.1", port: 53 }, { host: "10.9.9.2", port: 53 }];
  const rules = { ...explicit, usesV6: false, settings: { ...dnsDefaults, servers } };
  world.reply = (server, response) => server.host === "10.9.9.1" ? null : response;
  assertEquals(found(await world.service.addresses("app.example", rules))[0], ["10.0.0.2"]);
  world.reply = (_, response) => ({ ...response, code: 2, answers: [] });
  world.queries.length = 0;
  assertEquals(failed(await world.service.addresses("app.example", rules)), [
    "10.9.9.2:53 responded: server failure",
    null,
  ]);
  assertEquals(world.queries.length, 4);
});

Deno.test("NameService.addresses() repeats a query over TCP, and without EDNS for an old server", async () => {
  const world = new World(["app.example 30 A 10.0.0.2"]);
  world.reply = (_, response) => ({ ...response, isTruncated: true });
  const rules = { ...explicit, usesV6: false };
  assertEquals(found(await world.service.addresses("app.example", rules))[0], ["10.0.0.2"]);
  assertEquals(world.queries.map((query) => query.split(" ")[3]), ["udp", "tcp"]);
  world.queries.length = 0;
  world.reply = (_, response) =>
    world.queries.length === 1 ? { ...response, code: 1, answers: [] } : response;
  assertEquals(found(await world.service.addresses("app.example", rules))[0], ["10.0.0.2"]);
  assertEquals(world.queries.length, 2);
});

Deno.test("NameService.addresses() ignores responses to another question", async () => {
  const world = new World(["app.example 30 A 10.0.0.2"]);
  world.reply = (_, response) => ({ ...response, id: response.id ^ 1 });
  assertEquals(failed(await world.service.addresses("app.example", explicit))[0], "no answer");
  world.reply = (_, response) => ({ ...response, question: { name: "x.example", type: 1 } });
  assertEquals(failed(await world.service.addresses("app.example", explicit))[0], "no answer");
});

Deno.test("NameService.addresses() reads /etc/hosts first and uses the host's lookup last", async () => {
  const world = new World(["app.example 30 A 10.0.0.2"]);
  world.files.set("/etc/hosts", "10.0.0.9 app.example\n");
  assertEquals(found(await world.service.addresses("app.example", explicit)), [
    ["10.0.0.9"],
    10_000,
  ]);
  world.systemNames = { "printer.local": ["10.0.0.8"] };
  const host = { ...explicit, settings: null };
  assertEquals(found(await world.service.addresses("printer.local", host)), [["10.0.0.8"], 10_000]);
  // With explicit servers no others are used.
  const [message] = failed(await world.service.addresses("printer.local", explicit));
  assertEquals(message, "no such name: printer.local");
});

Deno.test("NameService.addresses() uses the servers and search list of resolv.conf", async () => {
  const world = new World(["app.in.example 30 A 10.0.0.2"]);
  world.files.set("/etc/resolv.conf", "nameserver 10.7.7.7\nsearch in.example\n");
  const rules = { ...explicit, settings: null };
  assertEquals(found(await world.service.addresses("app", rules))[0], ["10.0.0.2"]);
  assert(world.queries.every((query) => query.startsWith("10.7.7.7 app.in.example ")));
});

Deno.test("NameService.addresses() returns no TTL shorter than a second", async () => {
  const world = new World(["app.example 0 A 10.0.0.2"]);
  assertEquals(found(await world.service.addresses("app.example", explicit))[1], 1000);
});

Deno.test("NameService.places() returns ports, priorities and weights with the addresses", async () => {
  const world = new World([
    "_http._tcp.app.example 60 SRV 10 3 8081 one.example",
    "_http._tcp.app.example 60 SRV 20 0 8082 two.example",
    "_http._tcp.app.example 60 SRV 10 1 8083 gone.example",
    "one.example 40 A 10.0.0.1",
    "two.example 30 A 10.0.0.2",
  ]);
  const answer = await world.service.places("_http._tcp.app.example", explicit);
  assertEquals(answer, {
    places: [
      { host: "one.example", port: 8081, priority: 10, weight: 3, addresses: ["10.0.0.1"] },
      { host: "two.example", port: 8082, priority: 20, weight: 0, addresses: ["10.0.0.2"] },
    ],
    ttlMs: 30_000,
  });
});

Deno.test("NameService.places() does not query addresses that came with the response", async () => {
  const world = new World(["_a._tcp.x 60 SRV 0 0 1 one.example"]);
  const additionals = zone("one.example 5 A 10.0.0.1");
  world.reply = (_, response) => ({ ...response, additionals });
  const answer = await world.service.places("_a._tcp.x", explicit);
  if (!("places" in answer)) throw new Error(answer.error.message);
  assertEquals([answer.places[0].addresses, answer.ttlMs], [["10.0.0.1"], 5000]);
  assertEquals(world.queries.length, 1);
});

Deno.test("NameService.places() reports a service that is not available", async () => {
  const world = new World(["_a._tcp.x 60 SRV 0 0 1 .", "_b._tcp.x 60 SRV 0 0 1 gone.example"]);
  assertEquals(
    failed(await world.service.places("_a._tcp.x", explicit))[0],
    "_a._tcp.x is not available at this domain",
  );
  assertEquals(
    failed(await world.service.places("_b._tcp.x", explicit))[0],
    "no such name: gone.example",
  );
});
