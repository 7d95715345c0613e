import { assertEquals } from "@std/assert";
import { challengesOf } from "../../../../mod/proxy/plan/challenges.ts";

const tcp = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port } as const);
const plain = (port: number) => ({ address: tcp(port), isTls: false, isManaged: false });
const managed = (port: number) => ({ address: tcp(port), isTls: true, isManaged: true });
const ownPair = (port: number) => ({ address: tcp(port), isTls: true, isManaged: false });
const usual = { httpPort: 80, tlsPort: 443 };

Deno.test("a challenge is offered where the CA's port is answered, HTTP-01 first", () => {
  const rows: readonly (readonly [Parameters<typeof challengesOf>[1], string[]])[] = [
    [[plain(80), managed(443)], ["http-01", "tls-alpn-01"]],
    [[managed(443)], ["tls-alpn-01"]],
    [[plain(80), managed(8443)], ["http-01"]],
    [[plain(8080), managed(8443)], []],
    [[ownPair(80), ownPair(443)], []],
    [[plain(443), managed(80)], []],
    [[{ address: { kind: "unix", path: "/s" }, isTls: true, isManaged: true }], []],
  ];
  for (const [listeners, expected] of rows) assertEquals(challengesOf(usual, listeners), expected);
});

Deno.test("ports that are forwarded take the place of 80 and 443", () => {
  const ports = { httpPort: 8080, tlsPort: 8443 };
  assertEquals(challengesOf(ports, [plain(8080), managed(8443)]), ["http-01", "tls-alpn-01"]);
  assertEquals(challengesOf(ports, [plain(80), managed(443)]), []);
});
