/** `redirect-to-https` and `hsts`. */
import { assertEquals, assertMatch } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };

function build(value: string) {
  const text = `listen: 80
hsts: ${value}
redirect-to-https: ON
hosts: {default: {paths: {/: {status: ON}, /open: {status: ON, redirect-to-https: OFF}}}}
`;
  return buildPlan(text, "f", source, { needsListen: true });
}

const values: readonly [value: string, field: string | null][] = [
  ["ON", "max-age=31536000"],
  ["OFF", null],
  ["180 days", "max-age=15552000"],
  ["0 seconds", "max-age=0"],
  ["{}", "max-age=31536000"],
  ["{max-age: 1 day}", "max-age=86400"],
  ["{include-subdomains: ON}", "max-age=31536000; includeSubDomains"],
  [
    "{max-age: 2 years, include-subdomains: ON, preload: ON}",
    "max-age=63072000; includeSubDomains; preload",
  ],
];

for (const [value, field] of values) {
  Deno.test(`hsts: ${value}`, () => {
    const { plan } = build(value);
    assertEquals(plan?.hosts[0].paths[0].settings.hsts, field);
  });
}

const refused: readonly [value: string, reason: RegExp][] = [
  ["31536000", /found `31536000`; allowed: ON, OFF, a number and second/],
  ["{max-age: ON}", /hsts\.max-age: found `ON`/],
  ["{preload: ON}", /preload needs include-subdomains: ON/],
  ["{preload: ON, include-subdomains: ON, max-age: 1 day}", /a max-age of a year or more/],
  ["{subdomains: ON}", /unknown key: subdomains/],
];

for (const [value, reason] of refused) {
  Deno.test(`hsts: ${value} is refused`, () => {
    assertMatch(build(value).problems.join(), reason);
  });
}

Deno.test("redirect-to-https is inherited and can be turned off for a path", () => {
  const { plan } = build("ON");
  const byPrefix = plan?.hosts[0].paths.map(({ prefix, settings }) =>
    `${prefix} ${settings.redirectsToHttps}`
  );
  assertEquals(byPrefix?.sort(), ["/ true", "/open false"]);
});
