import { assert } from "@std/assert";
import { decodeResponse, RecordType } from "../../mod/net/dns/message.ts";
import { encodeResponse, zone } from "../support/dns_server.ts";
import { Random } from "./random.ts";

Deno.test("decodeResponse() survives arbitrary messages", () => {
  const corpus = [
    encodeResponse({
      id: 7,
      question: { name: "app.example", type: RecordType.a },
      answers: zone("app.example 60 CNAME web.example", "web.example 30 A 10.0.0.1"),
      authorities: zone("example 900 SOA 300"),
    }),
    encodeResponse({
      id: 9,
      question: { name: "_http._tcp.app.example", type: RecordType.srv },
      answers: zone("_http._tcp.app.example 20 SRV 10 5 8080 web.example"),
      additionals: zone("web.example 30 AAAA 2001:db8::1"),
    }),
  ];
  const random = new Random(Random.freshSeed());
  for (let round = 0; round < 20_000; round++) {
    let bytes = random.pick(corpus).slice();
    for (let changes = 1 + random.below(6); changes > 0; changes--) {
      const at = random.below(bytes.length);
      if (random.oneIn(8)) bytes = bytes.slice(0, at + 1);
      else if (random.oneIn(3)) bytes[at] = random.pick([0, 12, 63, 64, 0xc0, 0xff]);
      else bytes[at] = random.below(256);
    }
    try {
      check(bytes);
    } catch (error) {
      throw new Error(`seed ${random.seed}, round ${round}: ${String(error)}`, { cause: error });
    }
  }
});

function check(bytes: Uint8Array): void {
  const response = decodeResponse(bytes);
  const records = [...response?.answers ?? [], ...response?.additionals ?? []];
  for (const record of records) {
    const isSound = record.ttlSeconds >= 0 && record.name.length <= 4 * 255;
    assert(isSound, JSON.stringify(record));
  }
}
