import { assertEquals } from "@std/assert";
import {
  CertificateChoice,
  CertificateGuard,
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

function choice(serverName: string): CertificateChoice {
  const guard = CertificateGuard.of(identities)!;
  const connection = { tlsFacts: () => ({ serverName }) };
  return new CertificateChoice(guard, connection as unknown as DownstreamConnection);
}

Deno.test("a request is misdirected when its host has another certificate than the SNI", () => {
  const rows: readonly [sni: string, host: string, isMisdirected: boolean][] = [
    ["a.example", "a.example", false],
    ["a.example", "A.example:443", false],
    ["a.example", "x.a.example", false],
    ["a.example", "b.example", true],
    ["a.example", "x.y.a.example", true],
    ["b.example", "a.example", true],
    ["b.example", "same.example", false],
    ["", "a.example", false],
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
  assertEquals(CertificateGuard.of([identities[0], identities[2]]), null);
});
