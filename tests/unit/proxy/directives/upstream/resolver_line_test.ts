import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import { parseResolver } from "../../../../../mod/proxy/directives/upstream/resolver_line.ts";

Deno.test("parseResolver() reads addresses with and without ports, and nginx's words", () => {
  assertEquals(parseResolver("127.0.0.1 [::1]:5353 2001:db8::1 valid=30s timeout=500ms ipv6=off"), {
    servers: [
      { host: "127.0.0.1", port: 53 },
      { host: "::1", port: 5353 },
      { host: "2001:db8::1", port: 53 },
    ],
    validMs: 30_000,
    timeoutMs: 500,
    attempts: 2,
    usesV4: true,
    usesV6: false,
  });
});

Deno.test("parseResolver() explains what is wrong", () => {
  const forms = "valid=TIME, timeout=TIME, attempts=N, ipv4=on|off, ipv6=on|off";
  const rows: [string, string][] = [
    ["", "at least one address of a DNS server is needed"],
    ["valid=30s", "at least one address of a DNS server is needed"],
    [
      "ns.example",
      `found \`ns.example\`; allowed: an IP address, address:port, [v6]:port, ${forms}`,
    ],
    ["127.0.0.1 vali=3s", `found \`vali=3s\` (did you mean valid?); allowed: ${forms}`],
    ["127.0.0.1 valid=0", "found `valid=0`; allowed: a time such as 30s, not 0"],
    ["127.0.0.1 ipv4=no", "found `ipv4=no`; allowed: ipv4=on|off"],
    ["127.0.0.1 ipv4=off ipv6=off", "with ipv4=off and ipv6=off nothing can be found"],
  ];
  for (const [text, expected] of rows) assertEquals(parseResolver(text), expected);
});

function build(servers: string, more = "") {
  const text = `listen: 80
${more}
upstreams:
  a:
    servers: [${servers}]
hosts: {default: {paths: {/: {proxy.reverse.url: "http://a/"}}}}
`;
  const source = { readText: () => "", environment: () => null };
  return buildPlan(text, "h2o.conf", source, { needsListen: true });
}

Deno.test("Names with resolve become named servers, addresses do not", () => {
  const { plan } = build(
    '"app.example:81 resolve weight=3", "10.0.0.1 resolve", "b.example", "c.example service=http resolve"',
    "resolver: 127.0.0.1:5353",
  );
  const [{ peers, named }] = plan!.upstreams;
  assertEquals(peers.map(({ name }) => name), ["10.0.0.1", "b.example"]);
  assertEquals(named.map(({ name, service, weight }) => [name, service, weight]), [
    ["app.example:81", "", 3],
    ["c.example", "http", 1],
  ]);
  assertEquals(plan!.global.resolver!.servers, [{ host: "127.0.0.1", port: 5353 }]);
  assertEquals(plan!.notices, []);
});

Deno.test("Servers that cannot be looked up are reported with their line", () => {
  const rows: [string, string][] = [
    ['"a.example service=http"', "server a.example: service= needs resolve"],
    ['"10.0.0.1 service=http resolve"', "server 10.0.0.1: service= needs a name"],
    [
      '"a.example:80 service=http resolve"',
      "server a.example:80: with service= the port comes from the SRV records",
    ],
    ['"a.example resolve", "a.example resolve"', "server a.example: given twice"],
  ];
  for (const [servers, problem] of rows) {
    assertEquals(build(servers).problems, [`[h2o.conf:4] upstreams: a: ${problem}`]);
  }
});
