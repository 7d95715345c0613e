import { assertEquals } from "@std/assert";
import {
  CertificateChoice,
  CertificateGuard,
  type ListenerTrust,
} from "../../../../../mod/proxy/engine/clients/certificate_guard.ts";
import type { DownstreamConnection } from "../../../../../mod/conn/exchange/exchange.ts";
import { latin1Bytes, RequestHead } from "../../../../../mod/http/mod.ts";

const files = (name: string) => [{ certificateFile: `${name}.pem`, keyFile: `${name}.key` }];
const identities = [
  { certificates: files("own") },
  { certificates: files("a"), names: ["a.example", "*.a.example"] },
  { certificates: files("own"), names: ["same.example"] },
];

function headFor(host: string): RequestHead {
  const head = new RequestHead();
  head.bytes = latin1Bytes(host);
  head.hostStart = 0;
  head.hostEnd = host.length;
  return head;
}

const listener: ListenerTrust = {
  identities,
  clientCaFile: null,
  hosts: ["a.example", "*.a.example", "b.example", "same.example"],
};
/** On sockets of their own. */
const others: readonly ListenerTrust[] = [
  { identities: [identities[0]], clientCaFile: "ca.pem", hosts: ["b.example", "staff.example"] },
  { identities: [{ certificates: files("c") }], clientCaFile: null, hosts: ["c.example"] },
  { identities: [identities[0]], clientCaFile: null, hosts: ["d.example", "c.example"] },
];

function choice(serverName: string): CertificateChoice {
  const guard = CertificateGuard.of(listener, others)!;
  const connection = { tlsFacts: () => ({ serverName }) };
  return new CertificateChoice(guard, connection as unknown as DownstreamConnection);
}

Deno.test("a request is misdirected when its host has another certificate or client CA", () => {
  const rows: readonly [sni: string, host: string, isMisdirected: boolean][] = [
    ["a.example", "a.example", false],
    ["a.example", "A.example:443", false],
    ["a.example", "x.a.example", false],
    ["a.example", "b.example", true],
    ["a.example", "x.y.a.example", true],
    ["b.example", "a.example", true],
    ["b.example", "same.example", false],
    ["", "a.example", true],
    ["", "b.example", false],
    ["", "same.example", false],
    ["", "unknown.example", false],
    ["unknown.example", "127.0.0.1:443", false],
    // Other listeners have them: with a client CA, with another certificate, with the same of both.
    ["b.example", "staff.example", true],
    ["", "staff.example", true],
    ["a.example", "c.example", true],
    ["b.example", "c.example", false],
    ["b.example", "d.example", false],
    ["a.example", "d.example", true],
  ];
  for (const [sni, host, isMisdirected] of rows) {
    const one = choice(sni);
    for (let i = 0; i < 2; i++) {
      assertEquals(one.isMisdirected(headFor(host)), isMisdirected, `${sni} ${host}`);
    }
  }
  const one = choice("a.example");
  const hosts = ["a.example", "b.example", "x.a.example", "a.example"];
  const found = hosts.map((host) => one.isMisdirected(headFor(host)));
  assertEquals(found, [false, true, false, false]);
});

Deno.test("without different certificates nothing is compared", () => {
  const same = { ...listener, identities: [identities[0], identities[2]] };
  assertEquals(CertificateGuard.of(same, [others[2]]), null);
  assertEquals(CertificateGuard.of(same, [others[0]]) === null, false);
});
