import { assertEquals } from "@std/assert";
import {
  dnsDefaults,
  findInHosts,
  parseResolvConf,
  searchNames,
} from "../../../../mod/net/dns/host_files.ts";

Deno.test("parseResolvConf() reads servers, search list and options", () => {
  assertEquals(
    parseResolvConf(`# comment
domain old.example
search a.example b.example.
nameserver 10.0.0.1
nameserver 2001:db8::1
nameserver fe80::1%eth0
options ndots:2 timeout:3 attempts:9 rotate edns0
`),
    {
      servers: [{ host: "10.0.0.1", port: 53 }, { host: "2001:db8::1", port: 53 }],
      timeoutMs: 3000,
      attempts: 5,
      search: ["a.example", "b.example"],
      dotsMin: 2,
    },
  );
  assertEquals(parseResolvConf(""), dnsDefaults);
});

Deno.test("searchNames() tries names with enough dots unchanged first", () => {
  const settings = { ...dnsDefaults, search: ["a.example", "b.example"], dotsMin: 1 };
  const rows: [string, string[]][] = [
    ["app", ["app.a.example", "app.b.example", "app"]],
    ["app.x", ["app.x", "app.x.a.example", "app.x.b.example"]],
    ["app.", ["app"]],
  ];
  for (const [host, expected] of rows) assertEquals(searchNames(host, settings), expected);
});

Deno.test("findInHosts() finds a name among aliases, ignoring case", () => {
  const text = `127.0.0.1 localhost
::1 localhost ip6-localhost # local
10.0.0.1\tApp app.example
10.0.0.1 app
nonsense app
`;
  assertEquals(findInHosts(text, "localhost"), ["127.0.0.1", "::1"]);
  assertEquals(findInHosts(text, "app."), ["10.0.0.1"]);
  assertEquals(findInHosts(text, "local"), []);
});
