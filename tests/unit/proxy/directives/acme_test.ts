import { assertEquals, assertMatch } from "@std/assert";
import { acmeDefaults } from "../../../../mod/acme/core/settings.ts";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };
const paths = "{paths: {/: {status: ON}}}";

function build(global: string, hosts = `{a.example: ${paths}}`) {
  return buildPlan(`${global}\nhosts: ${hosts}\n`, "f", source, { needsListen: true });
}

Deno.test("ssl: {} of a global listener is for every name that a CA may certify", () => {
  const hosts = ["default", "a.example", "B.example", '"*.c.example"', "127.0.0.1", "localhost"];
  const { plan } = build(
    "acme: {accept-tos: YES}\nlisten: [80, {port: 443, host: 127.0.0.1, ssl: {}}]",
    `{${hosts.map((name) => `${name}: ${paths}`).join(", ")}}`,
  );
  const managed = plan!.listeners.map(({ managedNames }) => managedNames);
  assertEquals(managed.filter((names) => names.length > 0), [["a.example", "b.example"]]);
  const { notices } = plan!;
  assertEquals(notices.length, 4);
  assertMatch(notices.join("\n"), /\*\.c\.example: a wildcard needs a challenge over DNS/);
  assertMatch(notices.join("\n"), /127\.0\.0\.1: it is an address/);
});

Deno.test("ssl: {} in a host's own listen is for that host", () => {
  const { plan } = build(
    "acme: {accept-tos: YES}\nlisten: 80",
    `{a.example: {listen: {port: 443, host: "::1", ssl: {}}, paths: {/: {status: ON}}},
      b.example: ${paths}}`,
  );
  assertEquals(plan!.listeners.find(({ tls }) => tls !== null)?.managedNames, ["a.example"]);
});

Deno.test("all keys are read", () => {
  const { plan } = build(`listen: {port: 443, ssl: {}}
acme:
  accept-tos: YES
  email: a@b.example
  directory: https://ca.example/dir
  ca-file: /ca.pem
  profile: short
  eab: {kid: k1, key: a-b_c}
  key-type: rsa2048
  state: /var/acme`);
  const { at, folder, ...settings } = plan!.global.acme!;
  assertEquals([at.line, folder], [3, null]);
  assertEquals(settings, {
    directory: "https://ca.example/dir",
    caFile: "/ca.pem",
    email: "a@b.example",
    eab: { kid: "k1", key: "a-b_c" },
    profile: "short",
    keyType: "rsa2048",
    state: "/var/acme",
  });
});

Deno.test("defaults are those of Let's Encrypt; h2o's loader is a notice", () => {
  const { plan } = build("acme: {accept-tos: YES, loader: x}\nlisten: {port: 443, ssl: {}}");
  const { at: _at, folder: _folder, ...settings } = plan!.global.acme!;
  assertEquals(settings, acmeDefaults);
  assertMatch(plan!.notices.join(), /acme\.loader/);
});

const faults: readonly (readonly [name: string, global: string, fault: RegExp, hosts?: string])[] =
  [
    [
      "terms that are not accepted",
      "acme: {email: a@b.example}\nlisten: {port: 443, ssl: {}}",
      /accept-tos: YES/,
    ],
    ["terms that are refused", "acme: {accept-tos: NO}\nlisten: {port: 443, ssl: {}}", /terms/],
    [
      "acme that nothing uses",
      "acme: {accept-tos: YES}\nlisten: 80",
      /no `listen` has `ssl: \{\}`/,
    ],
    ["ssl without acme", "listen: {port: 443, ssl: {}}", /key-file are needed, or `acme`/],
    [
      "a wildcard alone",
      "acme: {accept-tos: YES}\nlisten: {port: 443, ssl: {}}",
      /no name for a certificate \(\*\.a\.example: a wildcard/,
      `{"*.a.example": ${paths}}`,
    ],
    [
      "half of an account",
      "acme: {accept-tos: YES, eab: {kid: k}}\nlisten: {port: 443, ssl: {}}",
      /acme\.eab/,
    ],
    ["an unknown key", "acme: {accept-tos: YES, tos: YES}\nlisten: {port: 443, ssl: {}}", /tos/],
  ];

for (const [name, global, fault, hosts] of faults) {
  Deno.test(`acme: ${name} is named`, () => {
    const { plan, problems } = build(global, hosts);
    assertEquals(plan, null);
    assertMatch(problems.join("\n"), fault);
  });
}

Deno.test("a missing listener on 80 and 443 is a notice", () => {
  const { plan } = build("acme: {accept-tos: YES}\nlisten: [8080, {port: 8443, ssl: {}}]");
  assertMatch(plan!.notices.join(), /no listener on port 80 or 443/);
});
