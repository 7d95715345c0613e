/** `ssl-session-resumption`: h2o's words, what hayate lacks of them, and what would weaken TLS. */
import { assertEquals, assertMatch } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import { sessionsDefault } from "../../../../../mod/tls/sessions/session_rules.ts";

const source = { readText: () => "", environment: () => null };

/** `value` is in flow style, after the directive's name. */
function build(value: string) {
  const text = `listen: 80
${value === "" ? "" : `ssl-session-resumption: ${value}`}
hosts: {default: {paths: {/: {status: ON}}}}
`;
  const { plan, problems } = buildPlan(text, "f", source, { needsListen: true });
  return { sessions: plan?.global.sessions, notices: plan?.notices ?? [], problems };
}

const modes: readonly [value: string, tickets: boolean, cache: boolean][] = [
  ["{mode: off}", false, false],
  ["{mode: OFF}", false, false],
  ["{mode: ticket}", true, false],
  ["{mode: cache}", false, true],
  ["{mode: all}", true, true],
  ["{mode: all, cache-store: internal, ticket-store: internal}", true, true],
  ["{mode: ticket, ticket-cipher: aes-256-cbc, ticket-hash: sha256}", true, false],
];

for (const [value, tickets, cache] of modes) {
  Deno.test(`ssl-session-resumption: ${value}`, () => {
    const { sessions, notices } = build(value);
    assertEquals(sessions, { ...sessionsDefault, tickets, cache });
    assertEquals(notices, []);
  });
}

Deno.test("Without ssl-session-resumption there are tickets and a cache", () => {
  assertEquals(build("").sessions, sessionsDefault);
});

Deno.test("Keys come from a file, which is not read without tickets", () => {
  const file = "ticket-store: file, ticket-file: /t.yaml";
  assertEquals(build(`{mode: ticket, lifetime: 600, ${file}}`).sessions, {
    tickets: true,
    cache: false,
    ticketFile: "/t.yaml",
    lifetimeSeconds: 600,
  });
  assertEquals(build(`{mode: off, ${file}}`).sessions?.ticketFile, null);
});

const notices: readonly [value: string, notice: RegExp][] = [
  ["{mode: cache, cache-store: memcached}", /cache-store: each process keeps its own sessions/],
  ["{mode: ticket, ticket-store: memcached}", /ticket-store: this host has keys of its own/],
  ["{mode: ticket, ticket-store: redis}", /ticket-store: this host has keys of its own/],
  ["{mode: all, memcached: {host: h, port: 1}}", /memcached: hayate ignores this key of h2o/],
  ["{mode: ticket, ticket-cipher: aes-128-cbc}", /ticket-cipher: hayate uses aes-256-cbc/],
  ["{mode: ticket, ticket-hash: sha1}", /ticket-hash: hayate uses sha256/],
];

for (const [value, notice] of notices) {
  Deno.test(`ssl-session-resumption: ${value} is accepted with a notice`, () => {
    const { notices } = build(value);
    assertEquals(notices.length, 1, notices.join());
    assertMatch(notices[0], notice);
  });
}

const refused: readonly [value: string, reason: RegExp][] = [
  ["ON", /a mapping with `mode` is expected/],
  ["{}", /`mode` is missing/],
  ["{mode: tickets}", /mode: found `tickets`/],
  ["{mode: ticket, ticket-store: file}", /needs `ticket-file`/],
  ["{mode: ticket, ticket-store: disk}", /ticket-store: found `disk`/],
  ["{mode: ticket, ticket-hash: sha512}", /ticket-hash: found `sha512`/],
  ["{mode: all, lifetime: 604801}", /lifetime: found `604801`/],
  ["{mode: all, ticketfile: x}", /unknown key: ticketfile/],
];

for (const [value, reason] of refused) {
  Deno.test(`ssl-session-resumption: ${value} is refused`, () => {
    const { problems } = build(value);
    assertEquals(problems.length, 1, problems.join());
    assertMatch(problems[0], reason);
  });
}
