/** `listen.ssl`: versions and the groups of the key exchange. */
import { assertEquals, assertMatch } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };

function build(more: string) {
  const text = `listen: {port: 443, ssl: {certificate-file: c, key-file: k, ${more}}}
hosts: {default: {paths: {/: {status: ON}}}}
`;
  const { plan, problems } = buildPlan(text, "f", source, { needsListen: true });
  return { tls: plan?.listeners[0].tls, notices: plan?.notices, problems };
}

Deno.test("key-exchange-tls1.3 takes one group or several, by the names of h2o and OpenSSL", () => {
  const { tls, notices } = build("key-exchange-tls1.3: [x25519mlkem768, X25519, secp256r1, P-384]");
  assertEquals(tls?.groups, ["X25519MLKEM768", "X25519", "P-256", "P-384"]);
  assertEquals(notices, []);
  assertEquals(build("key-exchange-tls1.3: x25519").tls?.groups, ["X25519"]);
  assertEquals(build("max-version: tlsv1.2").tls?.groups, null);
});

Deno.test("An unknown group is refused", () => {
  assertMatch(build("key-exchange-tls1.3: [x25519, md5]").problems.join(), /found `md5`; allowed/);
  assertMatch(build("key-exchange-tls1.3: []").problems.join(), /a group is expected/);
});

Deno.test("max-version and maximum-version are the same", () => {
  for (const key of ["max-version", "maximum-version"]) {
    assertEquals(build(`${key}: tlsv1.2`).tls?.maximumVersion, "TLSv1.2");
  }
});
