import { assertEquals, assertMatch } from "@std/assert";
import { acmeDefaults } from "../../../../mod/acme/core/settings.ts";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };
const paths = "{paths: {/: {status: ON}}}";

function build(global: string, hosts = `{a.example: ${paths}}`) {
  return buildPlan(`${global}\nhosts: ${hosts}\n`, "f", source, { needsListen: true });
}

Deno.test("ssl: {} of a global listener is for every name that a CA may certify", () => {
  const hosts = ["default", "a.example", "B.example", "127.0.0.1", "localhost"];
  const { plan } = build(
    "acme: {accept-tos: YES}\nlisten: [80, {port: 443, host: 127.0.0.1, ssl: {}}]",
    `{${hosts.map((name) => `${name}: ${paths}`).join(", ")}}`,
  );
  const managed = plan!.listeners.map(({ managedNames }) => managedNames);
  assertEquals(managed.filter((names) => names.length > 0), [["a.example", "b.example"]]);
  const { notices } = plan!;
  assertEquals(notices.length, 3);
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
  eab: {kid: k1, key: a-b_cd}
  key-type: rsa2048
  http-port: 8080
  tls-port: 443
  state: /var/acme`);
  const { at, folder, standIn, fault, ...settings } = plan!.global.acme!;
  assertEquals([at.line, folder, standIn, fault], [3, null, null, null]);
  assertEquals(settings, {
    directory: "https://ca.example/dir",
    caFile: "/ca.pem",
    email: "a@b.example",
    eab: { kid: "k1", key: "a-b_cd" },
    profile: "short",
    keyType: "rsa2048",
    httpPort: 8080,
    tlsPort: 443,
    state: "/var/acme",
  });
});

Deno.test("defaults are those of Let's Encrypt; h2o's loader is a notice", () => {
  const { plan } = build("acme: {accept-tos: YES, loader: x}\nlisten: {port: 443, ssl: {}}");
  const { at: _at, folder: _folder, standIn, fault, ...settings } = plan!.global.acme!;
  assertEquals(settings, acmeDefaults);
  assertEquals([standIn, fault], [null, null]);
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
      "a wildcard beside a name",
      "acme: {accept-tos: YES}\nlisten: {port: 443, ssl: {}}",
      /listen\.ssl: acme gets no certificate for \*\.a\.example: a wildcard needs a challenge/,
      `{a.example: ${paths}, "*.a.example": ${paths}}`,
    ],
    [
      "a name that is none",
      "acme: {accept-tos: YES}\nlisten: {port: 443, ssl: {}}",
      /no certificate for a_b\.example: it is no host name/,
      `{a.example: ${paths}, a_b.example: ${paths}}`,
    ],
    ...["default", '"*.a.example"', "127.0.0.1", '"[::1]"', "localhost"].map((host) =>
      [
        `${host} with a listen of its own`,
        "acme: {accept-tos: YES}\nlisten: 80",
        /\[f:3\] listen\.ssl: acme finds no name for a certificate \(.*: (it is|a wildcard)/,
        `{${host}: {listen: {port: 443, ssl: {}}, paths: {/: {status: ON}}}}`,
      ] as const
    ),
    [
      "a listener without hosts",
      "acme: {accept-tos: YES}\nlisten: {port: 443, ssl: {}}",
      /no name for a certificate \(every host has a `listen` of its own\)/,
      "{a.example: {listen: 80, paths: {/: {status: ON}}}}",
    ],
    [
      "no listener that the CA reaches",
      "acme: {accept-tos: YES}\nlisten: [8080, {port: 8443, ssl: {}}]",
      /\[f:1\] acme: the CA reaches no listener: .*port 80 without ssl.*`http-port` or `tls-port`/,
    ],
    [
      "unix sockets alone",
      "acme: {accept-tos: YES}\nlisten: {type: unix, port: /s, ssl: {}}",
      /acme: the CA reaches no listener/,
    ],
    [
      "ssl on port 80 and none on 443",
      "acme: {accept-tos: YES}\nlisten: [443, {port: 80, ssl: {}}]",
      /acme: the CA reaches no listener/,
    ],
    [
      "a MAC key that is no base64url",
      "acme: {accept-tos: YES, eab: {kid: k, key: abcde}}\nlisten: {port: 443, ssl: {}}",
      /acme\.eab\.key/,
    ],
    [
      "an OCSP response without a certificate",
      "acme: {accept-tos: YES}\nlisten: {port: 443, ssl: {ocsp-file: /o}}",
      /ocsp-file: it belongs to a certificate-file/,
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

const reach: readonly (readonly [global: string, notice: RegExp | null])[] = [
  ["acme: {accept-tos: YES}\nlisten: [80, {port: 443, ssl: {}}]", null],
  [
    "acme: {accept-tos: YES}\nlisten: [8080, {port: 443, ssl: {}}]",
    /no listener on port 80 without ssl; the CA validates by TLS-ALPN-01 alone/,
  ],
  [
    "acme: {accept-tos: YES}\nlisten: [80, {port: 8443, ssl: {}}]",
    /no listener on port 443 with `ssl: \{\}`; the CA validates by HTTP-01 alone/,
  ],
  [
    "acme: {accept-tos: YES, http-port: 8080, tls-port: 8443}\n" +
    "listen: [8080, {port: 8443, ssl: {}}]",
    null,
  ],
];

for (const [global, notice] of reach) {
  Deno.test(`${notice === null ? "no" : "one"} notice for ${global.split("listen: ")[1]}`, () => {
    const { plan } = build(global);
    assertEquals(plan!.notices.length, notice === null ? 0 : 1);
    if (notice !== null) assertMatch(plan!.notices[0], notice);
  });
}

Deno.test("under a supervisor the ports may be other ones than the file says", () => {
  const global = "acme: {accept-tos: YES}\nlisten: {port: 8443, ssl: {}}";
  const text = `${global}\nhosts: {a.example: ${paths}}\n`;
  const { plan } = buildPlan(text, "f", source, { needsListen: false });
  assertEquals(plan!.notices, []);
});
