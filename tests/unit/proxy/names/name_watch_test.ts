import { assertEquals } from "@std/assert";
import { PeerError } from "../../../../mod/base/errors.ts";
import type {
  FoundAddresses,
  FoundPlaces,
  LookupFailure,
  LookupRules,
} from "../../../../mod/net/dns/name_service.ts";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import { divideServers } from "../../../../mod/proxy/directives/upstream/named_servers.ts";
import type { LevelDraft } from "../../../../mod/proxy/directives/draft/drafts.ts";
import { parseServer } from "../../../../mod/proxy/directives/upstream/server_line.ts";
import { upstreamDefaults } from "../../../../mod/proxy/plan/upstream_defaults.ts";
import { NameWatch } from "../../../../mod/proxy/names/name_watch.ts";
import type { CheckPlan } from "../../../../mod/proxy/plan/check_plan.ts";
import type { PeerPlan, ResolverPlan, UpstreamPlan } from "../../../../mod/proxy/plan/plan.ts";

function group(servers: string[], check: CheckPlan | null = null): PeerGroup {
  const at = { file: "", line: 1 };
  const lines = servers.map((line) => parseServer(line) as PeerPlan);
  const divided = divideServers(null as unknown as LevelDraft, "app", lines, at);
  const plan: UpstreamPlan = {
    ...upstreamDefaults,
    ...divided,
    name: "app",
    implicit: false,
    check,
    at,
  };
  return new PeerGroup(plan);
}

type Answer = FoundAddresses | FoundPlaces | LookupFailure;

function at(ttlMs: number, ...addresses: string[]): FoundAddresses {
  return { addresses, ttlMs };
}

function failure(message: string, ttlMs: number | null = null): LookupFailure {
  return { error: new PeerError("ETIMEDOUT", "upstream", message, true), ttlMs };
}

/** Answers that the test sets, and a clock that it advances. */
class World {
  nowMs = 0;
  answer: Answer = failure("not set");
  readonly asked: string[] = [];
  rules: LookupRules | null = null;
  readonly log: string[] = [];
  readonly removed: string[] = [];
  changes = 0;
  /** Reports that the peers added last are checked; null: no report is pending. */
  known: (() => void) | null = null;
  waitsForChecks = false;
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();
  #lastTimer = 0;

  watch(groups: readonly PeerGroup[], resolver: ResolverPlan | null = null): NameWatch {
    const ask = (name: string, rules: LookupRules) => {
      this.asked.push(`${this.nowMs} ${name}`);
      this.rules = rules;
      return Promise.resolve(this.answer);
    };
    return new NameWatch(groups, {
      lookups: {
        addresses: (host, rules) => ask(host, rules) as Promise<FoundAddresses>,
        places: (service, rules) => ask(service, rules) as Promise<FoundPlaces>,
      },
      resolver,
      setTimer: (delayMs, callback) => {
        this.#timers.set(++this.#lastTimer, { atMs: this.nowMs + delayMs, callback });
        return this.#lastTimer;
      },
      clearTimer: (handle) => void this.#timers.delete(handle),
      info: (message) => void this.log.push(message),
      warn: (message) => void this.log.push(message),
      onAdded: (_group: PeerGroup, _peer: Peer) =>
        this.waitsForChecks
          ? new Promise<void>((resolve) => this.known = resolve)
          : Promise.resolve(),
      onRemoved: (peer) => void this.removed.push(peer.name),
      onChange: () => void this.changes++,
    });
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= untilMs)
        .sort((a, b) => a[1].atMs - b[1].atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.nowMs = due[1].atMs;
      due[1].callback();
      await settled();
    }
    this.nowMs = untilMs;
  }
}

/** Resolves after all settled promises have run their callbacks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function names(peers: PeerGroup): string[] {
  return peers.peers.map(({ name }) => name);
}

Deno.test("NameWatch.start() adds the addresses of a name after the other servers", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.2", "10.0.0.3");
  const app = group(["app.example:81 resolve", "10.0.0.1"]);
  assertEquals(names(app), ["10.0.0.1"]);
  const watch = world.watch([app]);
  await watch.start();
  assertEquals(names(app), ["10.0.0.1", "10.0.0.2:81", "10.0.0.3:81"]);
  assertEquals(app.peers.map(({ index, plan }) => [index, plan.parent?.id ?? null]), [
    [0, null],
    [2, 1],
    [3, 1],
  ]);
  assertEquals(world.log, ["upstream app: app.example:81 is 10.0.0.2:81, 10.0.0.3:81"]);
  watch.stop();
});

Deno.test("NameWatch queries again when the TTL has expired, and keeps unchanged peers", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.2", "10.0.0.3");
  const app = group(["app.example resolve"]);
  const watch = world.watch([app]);
  await watch.start();
  await settled();
  const stays = app.peers[1];
  stays.requests = 42;
  world.answer = at(7000, "10.0.0.4", "10.0.0.3");
  await world.advance(4999);
  assertEquals(names(app), ["10.0.0.2:80", "10.0.0.3:80"]);
  await world.advance(1);
  assertEquals(names(app), ["10.0.0.3:80", "10.0.0.4:80"]);
  assertEquals(app.peers[0], stays);
  assertEquals(world.removed, ["10.0.0.2:80"]);
  const { changes } = world;
  // Another order is no change.
  world.answer = at(7000, "10.0.0.3", "10.0.0.4");
  await world.advance(7000);
  assertEquals([world.changes, world.log.length], [changes, 2]);
  assertEquals(world.asked, ["0 app.example", "5000 app.example", "12000 app.example"]);
  watch.stop();
  await world.advance(60_000);
  assertEquals(world.asked.length, 3);
});

Deno.test("NameWatch keeps the addresses when no server answers, logs that once, and retries", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.2");
  const app = group(["app.example resolve"]);
  const watch = world.watch([app]);
  await watch.start();
  world.answer = failure("no response from 10.9.9.9:53");
  await world.advance(5000);
  await world.advance(1000 + 2000 + 4000);
  assertEquals(names(app), ["10.0.0.2:80"]);
  assertEquals(world.asked.map((line) => line.split(" ")[0]), [
    "0",
    "5000",
    "6000",
    "8000",
    "12000",
  ]);
  world.answer = failure("no such name: app.example", 20_000);
  await world.advance(8000);
  await world.advance(20_000);
  world.answer = at(5000, "10.0.0.2");
  await world.advance(20_000);
  assertEquals(world.log, [
    "upstream app: app.example is 10.0.0.2:80",
    "upstream app: app.example: no response from 10.9.9.9:53; the addresses known before stay",
    "upstream app: app.example: no such name: app.example; the addresses known before stay",
    "upstream app: app.example is 10.0.0.2:80",
  ]);
  watch.stop();
});

Deno.test("NameWatch.start() does not wait forever, and adds a slow name later", async () => {
  const world = new World();
  const app = group(["app.example resolve"]);
  const watch = world.watch([app]);
  let answerLate: (answer: Answer) => void = () => {};
  world.answer = new Promise((resolve) => answerLate = resolve) as unknown as Answer;
  const started = watch.start();
  await settled();
  await world.advance(5000);
  await started;
  assertEquals(names(app), []);
  answerLate(at(5000, "10.0.0.2"));
  await settled();
  assertEquals(names(app), ["10.0.0.2:80"]);
  watch.stop();
});

Deno.test("NameWatch uses the old peers until the new ones are checked", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.2");
  const app = group(["app.example resolve"], { ...checkDefaults });
  const watch = world.watch([app]);
  await watch.start();
  await settled();
  world.waitsForChecks = true;
  world.answer = at(5000, "10.0.0.3");
  await world.advance(5000);
  assertEquals(names(app), ["10.0.0.2:80", "10.0.0.3:80"]);
  world.known!();
  await settled();
  assertEquals(names(app), ["10.0.0.3:80"]);
  watch.stop();
});

Deno.test("NameWatch follows SRV records: priorities, weights, ports", async () => {
  const world = new World();
  const place = (address: string, priority: number, weight: number) => ({
    host: "x",
    port: 8080,
    priority,
    weight,
    addresses: [address],
  });
  world.answer = { ttlMs: 5000, places: [place("10.0.0.1", 1, 5), place("10.0.0.2", 2, 7)] };
  const app = group(["app.example service=http resolve"]);
  const watch = world.watch([app]);
  await watch.start();
  await settled();
  const view = () => app.peers.map(({ name, weight, plan }) => [name, weight, plan.backup]);
  assertEquals(view(), [["10.0.0.1:8080", 5, false], ["10.0.0.2:8080", 7, true]]);
  assertEquals(world.asked, ["0 _http._tcp.app.example"]);
  // An operator's weight stays until the record's own changes.
  app.peers[0].change({ weight: 99 }, 0);
  await world.advance(5000);
  assertEquals(view()[0], ["10.0.0.1:8080", 99, false]);
  world.answer = { ttlMs: 5000, places: [place("10.0.0.1", 3, 6), place("10.0.0.2", 2, 7)] };
  await world.advance(5000);
  assertEquals(view(), [["10.0.0.2:8080", 7, false], ["10.0.0.1:8080", 6, true]]);
  watch.stop();
});

Deno.test("NameWatch queries the resolver of the upstream, or else the one of the file", async () => {
  const world = new World();
  world.answer = at(60_000, "10.0.0.2");
  const resolver: ResolverPlan = {
    servers: [{ host: "10.9.9.9", port: 5353 }],
    validMs: 2000,
    timeoutMs: 700,
    attempts: 3,
    usesV4: true,
    usesV6: false,
  };
  const watch = world.watch([group(["app.example resolve"])], resolver);
  await watch.start();
  assertEquals(world.rules, {
    settings: {
      servers: resolver.servers,
      timeoutMs: 700,
      attempts: 3,
      search: [],
      dotsMin: 0,
    },
    usesV4: true,
    usesV6: false,
  });
  await world.advance(2000);
  assertEquals(world.asked.length, 2);
  watch.stop();
});

Deno.test("NameWatch.continueFrom() keeps the peers of the previous plan", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.2");
  const before = group(["10.0.0.1", "app.example resolve"]);
  const first = world.watch([before]);
  await first.start();
  first.stop();
  const after = group(["app.example resolve", "other.example resolve"]);
  world.answer = failure("no answer");
  const second = world.watch([after]);
  second.continueFrom([before]);
  assertEquals(after.peers, [before.peers[1]]);
  await second.start();
  assertEquals(names(after), ["10.0.0.2:80"]);
  second.stop();
});

Deno.test("NameWatch adds no address that another line already has", async () => {
  const world = new World();
  world.answer = at(5000, "10.0.0.1", "10.0.0.2");
  const app = group(["10.0.0.1:80", "app.example resolve"]);
  const watch = world.watch([app]);
  await watch.start();
  assertEquals(names(app), ["10.0.0.1:80", "10.0.0.2:80"]);
  watch.stop();
});
