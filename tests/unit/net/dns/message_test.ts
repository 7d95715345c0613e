import { assert, assertEquals } from "@std/assert";
import { decodeResponse, encodeQuery, RecordType } from "../../../../mod/net/dns/message.ts";
import { encodeResponse, readQuery, zone } from "../../../support/dns_server.ts";

const question = { name: "app.example", type: RecordType.a };

Deno.test("encodeQuery() writes the question and the accepted response size", () => {
  const query = encodeQuery(0x1234, "App.example.", RecordType.aaaa, true)!;
  assertEquals(readQuery(query), { id: 0x1234, name: "App.example", type: RecordType.aaaa });
  // Recursion desired; one question and one additional record.
  assertEquals([...query.subarray(2, 12)], [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  assertEquals([...query.subarray(-11)], [0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0]);
  assertEquals(encodeQuery(1, "a", RecordType.a, false)!.length, 12 + 3 + 4);
});

Deno.test("encodeQuery() refuses invalid names", () => {
  const long = Array(5).fill("a".repeat(60)).join(".");
  for (const name of ["", ".", "a..b", "a b", "ä.example", "x".repeat(64), long]) {
    assertEquals(encodeQuery(1, name, RecordType.a, true), null, name);
  }
});

Deno.test("decodeResponse() reads every kind of record, through compression", () => {
  const bytes = encodeResponse({
    id: 7,
    question,
    answers: zone(
      "APP.example 60 CNAME web.example",
      "web.example 30 A 10.0.0.1",
      "web.example 30 AAAA 2001:db8::1",
      "_http._tcp.app.example 20 SRV 10 5 8080 web.example",
    ),
    authorities: zone("example 900 SOA 300"),
    additionals: zone("web.example 3000000000 A 10.0.0.2"),
  });
  assertEquals(decodeResponse(bytes), {
    id: 7,
    isTruncated: false,
    code: 0,
    question,
    answers: [
      { name: "app.example", ttlSeconds: 60, type: 5, target: "web.example" },
      { name: "web.example", ttlSeconds: 30, type: 1, address: "10.0.0.1" },
      { name: "web.example", ttlSeconds: 30, type: 28, address: "2001:db8::1" },
      {
        name: "_http._tcp.app.example",
        ttlSeconds: 20,
        type: 33,
        priority: 10,
        weight: 5,
        port: 8080,
        target: "web.example",
      },
    ],
    authorities: [{ name: "example", ttlSeconds: 900, type: 6, minimumSeconds: 300 }],
    additionals: [{ name: "web.example", ttlSeconds: 0, type: 1, address: "10.0.0.2" }],
  });
});

Deno.test("decodeResponse() refuses truncated, overlong and looping messages", () => {
  const whole = encodeResponse({ id: 7, question, answers: zone("app.example 30 A 10.0.0.1") });
  assert(decodeResponse(whole) !== null);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(decodeResponse(whole.subarray(0, length)), null, String(length));
  }
  const change = (at: number, ...values: number[]) => {
    const bytes = whole.slice();
    bytes.set(values, at);
    return decodeResponse(bytes);
  };
  assertEquals(change(2, 0x01), null, "a query");
  assertEquals(change(4, 0, 2), null, "two questions");
  // The answer's name is a pointer directly after the question.
  const nameAt = whole.length - 16;
  assertEquals([...whole.subarray(nameAt, nameAt + 2)], [0xc0, 12]);
  assertEquals(change(nameAt, 0xc0, nameAt), null, "a pointer to itself");
  assertEquals(change(nameAt, 0xff, 0xff), null, "a pointer forwards");
  assertEquals(change(nameAt, 0x80, 0), null, "a label of no known kind");
  assertEquals(change(whole.length - 5, 3), null, "an address of three bytes");
});

Deno.test("decodeResponse() accepts a truncated message by its header", () => {
  const whole = encodeResponse({
    id: 7,
    question,
    isTruncated: true,
    answers: zone("app.example 30 A 10.0.0.1"),
  });
  assertEquals(decodeResponse(whole.subarray(0, whole.length - 2))?.isTruncated, true);
});

Deno.test("decodeResponse() writes non-printable bytes as numbers", () => {
  const bytes = encodeResponse({ id: 7, question: { name: "a\tb.example", type: 1 } });
  assertEquals(decodeResponse(bytes)?.question.name, "a\\009b.example");
});
