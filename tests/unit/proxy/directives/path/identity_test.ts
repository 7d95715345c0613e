import { assertEquals } from "@std/assert";
import { parseIpRange } from "../../../../../mod/base/ip_ranges.ts";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import type { ProxyPlan, Settings } from "../../../../../mod/proxy/plan/plan.ts";

const source = {
  readText: (path: string): string => {
    throw new Error(`no ${path}`);
  },
  environment: () => null,
};

function built(lines: string): { plan: ProxyPlan | null; problems: readonly string[] } {
  const text = `listen: 80
hosts: {default: {paths: {/: {file.dir: /x, real-ip: OFF, proxy.request-id: OFF}}}}
${lines}
`;
  return buildPlan(text, "h2o.conf", source, { needsListen: true });
}

function settings(lines: string): Settings {
  const { plan, problems } = built(lines);
  if (plan === null) throw new Error(problems.join("\n"));
  return plan.settings;
}

Deno.test("real-ip has nginx's defaults and can be turned off further down", () => {
  const { plan } = built("real-ip: {from: 10.0.0.0/8}");
  const { realIp } = plan!.settings;
  assertEquals(realIp, {
    from: { ranges: [parseIpRange("10.0.0.0/8")!], unix: false },
    field: "x-forwarded-for",
    recursive: false,
    dropsUntrusted: false,
  });
  assertEquals(plan!.hosts[0].paths[0].settings.realIp, null);
  assertEquals(plan!.hosts[0].settings.realIp, realIp);
});

Deno.test("real-ip takes addresses, blocks and unix:, a field, and how to treat untrusted claims", () => {
  const { realIp } = settings(
    'real-ip: {from: [192.0.2.1, "2001:db8::/32", "unix:"], header: CF-Connecting-IP, recursive: ON, untrusted: DROP}',
  );
  assertEquals(realIp, {
    from: { ranges: [parseIpRange("192.0.2.1")!, parseIpRange("2001:db8::/32")!], unix: true },
    field: "cf-connecting-ip",
    recursive: true,
    dropsUntrusted: true,
  });
  assertEquals(settings("real-ip: {untrusted: drop}").realIp?.from.ranges, []);
});

Deno.test("proxy.request-id is a switch, a field name or a mapping", () => {
  const rows: [string, Settings["requestId"]][] = [
    ["ON", { field: "X-Request-Id", accepts: "trusted", answers: false }],
    ["X-Trace", { field: "X-Trace", accepts: "trusted", answers: false }],
    ["OFF", null],
    ["{header: X-A, accept: any, respond: ON}", { field: "X-A", accepts: "any", answers: true }],
    ["{accept: none}", { field: "X-Request-Id", accepts: "none", answers: false }],
  ];
  for (const [value, expected] of rows) {
    assertEquals(settings(`proxy.request-id: ${value}`).requestId, expected, value);
  }
});

Deno.test("identity directives name the line of an invalid value", () => {
  const rows: [string, string][] = [
    ["real-ip: ON", "real-ip: found `ON`; allowed: OFF, or a mapping with `from`"],
    [
      "listen: {port: 81, proxy-protocol: {from: x}}",
      "listen.proxy-protocol.from: found `x`; allowed: an IP address, a block such as " +
      "10.0.0.0/8, or unix:",
    ],
    [
      "listen: {port: 81, proxy-protocol: {}}",
      "listen.proxy-protocol: `from` is missing",
    ],
    ["real-ip: {recursive: ON}", "real-ip: `from` is missing"],
    [
      "real-ip: {from: [10.0.0.0/40]}",
      "real-ip.from: found `10.0.0.0/40`; allowed: an IP address, a block such as " +
      "10.0.0.0/8, or unix:",
    ],
    [
      "real-ip: {from: ::1, header: a b}",
      "real-ip.header: found `a b`; allowed: a field name such as X-Forwarded-For",
    ],
    [
      "real-ip: {from: ::1, untrusted: refuse}",
      "real-ip.untrusted: found `refuse`; allowed: keep, drop",
    ],
    [
      "real-ip: {form: ::1, untrusted: drop}",
      "real-ip: unknown key: form (did you mean from?); allowed: from, header, recursive, untrusted",
    ],
    [
      "proxy.request-id: Content-Length",
      "proxy.request-id: found `Content-Length`; allowed: ON, OFF, a field name or a " +
      "mapping",
    ],
    [
      "proxy.request-id: {header: Host}",
      "proxy.request-id.header: found `Host`; allowed: a field name such as X-Request-Id",
    ],
    [
      "proxy.request-id: {accept: some}",
      "proxy.request-id.accept: found `some`; allowed: trusted, any, none",
    ],
    ["proxy.proxy-protocol: v2", "proxy.proxy-protocol: found `v2`; allowed: ON or OFF"],
    [
      "upstreams: {a: {servers: x, proxy_protocol: v3}}",
      "proxy_protocol: found `v3`; allowed: v1, v2 or OFF",
    ],
    [
      "listen: {port: 81, proxy-protocol: maybe}",
      "listen.proxy-protocol: found `maybe`; allowed: ON, OFF, REQUIRED, or a mapping " +
      "with `from`",
    ],
    [
      "listen: {port: 80, proxy-protocol: ON}",
      "listen.proxy-protocol: line 1 has another value for this address",
    ],
  ];
  for (const [line, expected] of rows) {
    assertEquals(built(line).problems, [`[h2o.conf:3] ${expected}`]);
  }
});

Deno.test("real-ip reports bits beyond a block's prefix", () => {
  assertEquals(built("real-ip: {from: 10.1.2.3/8}").plan?.notices, [
    "[h2o.conf:3] real-ip.from: 10.1.2.3/8: the bits after the prefix are ignored",
  ]);
});

Deno.test("listen.proxy-protocol and proxy_protocol reach the listener, the upstream and its check", () => {
  const { plan } = built(`listen: {port: 81, proxy-protocol: required}
listen: {port: 82, host: ::1, proxy-protocol: {from: ["unix:", ::1]}}
upstreams:
  a: {servers: x, proxy_protocol: V2, check: "type=http"}
  b: {servers: x, proxy_protocol: v1, check: "type=http port=9"}
  c: {servers: x, check: "type=tcp"}`);
  assertEquals(plan?.listeners.map((listen) => listen.proxyProtocol), [
    ...["off", "off"],
    ...["required", "required"],
    { ranges: [parseIpRange("::1")!], unix: true },
  ]);
  assertEquals(
    plan?.upstreams.map(({ proxyProtocol, check }) => [proxyProtocol, check?.proxyProtocol]),
    [[2, 2], [1, 0], [0, 0]],
  );
});
